import asyncio
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import msgspec
import psycopg
import pytest

from domain.api_keys import ApiKey
from store import api_keys, audit_log
from store.audit_log import Deed
from store.postgres import async_pool, connect

AT = datetime(2026, 11, 20, 12, tzinfo=UTC)
KEY = ApiKey(
    id="0123456789ab",
    name="desk",
    digest=bytes(range(32)),
    scopes=("read", "stream"),
    created_at=AT,
    expires_at=AT + timedelta(days=1),
)


@pytest.fixture
def connection(database_url: str) -> Iterator[psycopg.Connection]:
    with connect(database_url) as connection:
        yield connection


def test_key_is_kept_whole_and_revoked_once(connection: psycopg.Connection) -> None:
    api_keys.create(connection, KEY, actor="ada")
    assert api_keys.listed(connection) == [KEY]
    assert api_keys.revoke(connection, KEY.id, at=AT, actor="bob")
    assert not api_keys.revoke(connection, KEY.id, at=AT, actor="bob")
    assert not api_keys.revoke(connection, "none", at=AT, actor="bob")
    assert api_keys.listed(connection) == [msgspec.structs.replace(KEY, revoked_at=AT)]
    assert audit_log.read(connection) == [
        Deed(at=AT, action="key_revoked", actor="bob", object=KEY.id),
        Deed(at=AT, action="key_created", actor="ada", object=KEY.id),
    ]


def test_id_is_taken_once(connection: psycopg.Connection) -> None:
    api_keys.create(connection, KEY, actor="ada")
    with pytest.raises(psycopg.errors.UniqueViolation):
        api_keys.create(connection, KEY, actor="ada")
    assert len(audit_log.read(connection)) == 1


async def _forgotten(url: str, before: datetime) -> int:
    pool = async_pool(url, max_size=1)
    await pool.open()
    try:
        return await audit_log.forget(pool, before=before)
    finally:
        await pool.close()


def test_audit_log_is_forgotten_by_age_but_never_what_is_young(
    connection: psycopg.Connection, database_url: str
) -> None:
    now = datetime.now(UTC)
    ages = (400, 366, 31, 29, 0)
    audit_log.write(
        connection, [Deed(at=now - timedelta(days=days), action="x", actor="a", object=str(days)) for days in ages]
    )
    assert asyncio.run(_forgotten(database_url, now - timedelta(days=365))) == 2
    assert [deed.object for deed in audit_log.read(connection)] == ["0", "29", "31"]
    with pytest.raises(psycopg.errors.RaiseException, match="30 days"):
        asyncio.run(_forgotten(database_url, now))
    assert len(audit_log.read(connection)) == 3, "all of it or nothing"


@pytest.mark.parametrize("change", ["UPDATE audit_log SET actor = ''", "DELETE FROM audit_log", "TRUNCATE audit_log"])
def test_audit_log_is_only_added_to(connection: psycopg.Connection, change: str) -> None:
    api_keys.create(connection, KEY, actor="ada")
    with pytest.raises(psycopg.errors.RaiseException, match="only added to"):
        connection.execute(change)


async def _seen_by_the_api(url: str) -> list[ApiKey]:
    pool = async_pool(url, max_size=1)
    await pool.open()
    try:
        await api_keys.touch(pool, {KEY.id: AT + timedelta(hours=1)})
        await api_keys.touch(pool, {KEY.id: AT, "none": AT})
        await audit_log.append(pool, [Deed(at=AT, action="execute", actor="key:1", object="x", address="::1")])
        return await api_keys.usable(pool, AT)
    finally:
        await pool.close()


def test_api_sees_what_can_be_used_and_writes_down_the_last_use(
    connection: psycopg.Connection, database_url: str
) -> None:
    api_keys.create(connection, KEY, actor="ada")
    gone = msgspec.structs.replace(KEY, id="ba9876543210", revoked_at=AT)
    expired = msgspec.structs.replace(KEY, id="cccccccccccc", expires_at=AT)
    for other in (gone, expired):
        api_keys.create(connection, other, actor="ada")
    used = msgspec.structs.replace(KEY, last_used_at=AT + timedelta(hours=1))
    assert asyncio.run(_seen_by_the_api(database_url)) == [used]
    assert audit_log.read(connection, limit=1)[0].action == "execute"
