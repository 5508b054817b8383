import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from api.security.api_key_cache import LAST_USED_INTERVAL_S, STALE_AFTER_S, ApiKeyCache
from api.security.principal import AuthenticationFailure, Principal
from domain.api_keys import ApiKey, format_key, parse
from store.postgres import async_pool, connect
from tests.api.security.keys import make_key

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
NOW_S = NOW.timestamp()
TEXT = format_key(bytes(6), bytes(32))


def key(text: str = TEXT, expires_at: datetime | None = None) -> ApiKey:
    parts = parse(text)
    assert parts is not None
    return ApiKey(id=parts.id, name="", digest=parts.digest, scopes=("read",), created_at=NOW, expires_at=expires_at)


@pytest.fixture
def keys() -> ApiKeyCache:
    """A cache that was never loaded."""
    return ApiKeyCache(async_pool("postgresql://127.0.0.1:9/none"), lambda: round(NOW_S * 1e9))


def reason(identity: Principal | AuthenticationFailure) -> str:
    return identity.reason if isinstance(identity, AuthenticationFailure) else identity.name


def test_key_is_valid_until_it_expires(keys: ApiKeyCache) -> None:
    until = NOW + timedelta(seconds=60)
    keys.replace([key(expires_at=until)], NOW_S)
    assert keys.verify(TEXT, NOW_S + 59) == Principal(
        name="key:000000000000", scopes=frozenset({"read"}), expires_at_s=until.timestamp(), key_id="000000000000"
    )
    assert reason(keys.verify(TEXT, NOW_S + 60)) == "expired"


def test_known_id_with_a_wrong_secret_is_rejected_like_an_unknown_id(keys: ApiKeyCache) -> None:
    keys.replace([key()], NOW_S)
    wrong = format_key(bytes(6), bytes(31) + b"\1")
    unknown = format_key(bytes(5) + b"\1", bytes(32))
    assert keys.verify(wrong, NOW_S) == keys.verify(unknown, NOW_S), "the response must not tell them apart"
    assert reason(keys.verify(wrong, NOW_S)) == "unknown_key"
    assert reason(keys.verify("se_", NOW_S)) == "malformed"


def test_cached_keys_are_accepted_until_they_are_stale(keys: ApiKeyCache) -> None:
    assert reason(keys.verify(TEXT, NOW_S)) == "keys_away"
    keys.replace([key()], NOW_S)
    assert reason(keys.verify(TEXT, NOW_S + STALE_AFTER_S)) == "key:000000000000"
    assert reason(keys.verify(TEXT, NOW_S + STALE_AFTER_S + 1)) == "keys_away"


def test_last_use_is_written_once_a_minute(database_url: str) -> None:
    now_s = NOW_S
    with connect(database_url) as connection:
        text, created = make_key(connection)

        def last_used() -> datetime | None:
            row = connection.execute("SELECT last_used_at FROM api_keys WHERE id = %s", (created.id,)).fetchone()
            assert row is not None
            last_used_at: datetime | None = row[0]
            return last_used_at

        async def scenario() -> list[datetime | None]:
            nonlocal now_s
            pool = async_pool(database_url, max_size=1)
            await pool.open()
            keys = ApiKeyCache(pool, lambda: round(now_s * 1e9))
            written = []
            try:
                await keys.refresh()
                for later_s in (0.0, 1.0, LAST_USED_INTERVAL_S):
                    now_s = NOW_S + later_s
                    assert isinstance(keys.verify(text, now_s), Principal)
                    await keys.refresh()
                    written.append(last_used())
            finally:
                await pool.close()
            return written

        assert asyncio.run(scenario()) == [NOW, NOW, NOW + timedelta(seconds=LAST_USED_INTERVAL_S)]


def test_last_use_that_cannot_be_written_is_retried(database_url: str) -> None:
    with connect(database_url) as connection:
        text, created = make_key(connection)

        async def scenario() -> tuple[bool, int]:
            pool = async_pool(database_url, max_size=1)
            await pool.open()
            keys = ApiKeyCache(pool, lambda: round(NOW_S * 1e9))
            try:
                await keys.refresh()
                assert isinstance(keys.verify(text, NOW_S), Principal)
                connection.execute("ALTER TABLE api_keys RENAME COLUMN last_used_at TO moved")
                await keys.refresh()
                was_cached = keys.contains(created.id)
                connection.execute("ALTER TABLE api_keys RENAME COLUMN moved TO last_used_at")
                await keys.refresh()
            finally:
                await pool.close()
            (row,) = connection.execute("SELECT count(*) FROM api_keys WHERE last_used_at = %s", (NOW,)).fetchall()
            return was_cached, row[0]

        assert asyncio.run(scenario()) == (True, 1)
