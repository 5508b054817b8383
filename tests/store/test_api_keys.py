import asyncio
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import msgspec
import psycopg
import pytest

from domain.api_keys import ApiKey
from store import api_keys, audit_log
from store.audit_log import AuditEntry
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


def test_key_is_stored_unchanged_and_revoked_once(connection: psycopg.Connection) -> None:
    api_keys.create(connection, KEY, actor="ada")
    assert api_keys.list_all(connection) == [KEY]
    assert api_keys.revoke(connection, KEY.id, at=AT, actor="bob")
    assert not api_keys.revoke(connection, KEY.id, at=AT, actor="bob")
    assert not api_keys.revoke(connection, "none", at=AT, actor="bob")
    assert api_keys.list_all(connection) == [msgspec.structs.replace(KEY, revoked_at=AT)]
    assert audit_log.read(connection) == [
        AuditEntry(at=AT, action="key_revoked", actor="bob", object=KEY.id),
        AuditEntry(at=AT, action="key_created", actor="ada", object=KEY.id),
    ]


def test_duplicate_id_is_rejected(connection: psycopg.Connection) -> None:
    api_keys.create(connection, KEY, actor="ada")
    with pytest.raises(psycopg.errors.UniqueViolation):
        api_keys.create(connection, KEY, actor="ada")
    assert len(audit_log.read(connection)) == 1


async def _delete_before(url: str, before: datetime) -> int:
    pool = async_pool(url, max_size=1)
    await pool.open()
    try:
        return await audit_log.delete_before(pool, before)
    finally:
        await pool.close()


def test_audit_log_deletes_old_entries_but_no_recent_ones(connection: psycopg.Connection, database_url: str) -> None:
    now = datetime.now(UTC)
    ages = (400, 366, 31, 29, 0)
    audit_log.write(
        connection,
        [AuditEntry(at=now - timedelta(days=days), action="x", actor="a", object=str(days)) for days in ages],
    )
    assert asyncio.run(_delete_before(database_url, now - timedelta(days=365))) == 2
    assert [entry.object for entry in audit_log.read(connection)] == ["0", "29", "31"]
    with pytest.raises(psycopg.errors.RaiseException, match="30 days"):
        asyncio.run(_delete_before(database_url, now))
    assert len(audit_log.read(connection)) == 3, "nothing is deleted if one row is too recent"


@pytest.mark.parametrize("change", ["UPDATE audit_log SET actor = ''", "DELETE FROM audit_log", "TRUNCATE audit_log"])
def test_audit_log_is_append_only(connection: psycopg.Connection, change: str) -> None:
    api_keys.create(connection, KEY, actor="ada")
    with pytest.raises(psycopg.errors.RaiseException, match="only added to"):
        connection.execute(change)


async def _updated_and_listed(url: str) -> list[ApiKey]:
    pool = async_pool(url, max_size=1)
    await pool.open()
    try:
        await api_keys.update_last_used(pool, {KEY.id: AT + timedelta(hours=1)})
        await api_keys.update_last_used(pool, {KEY.id: AT, "none": AT})
        await audit_log.append(pool, [AuditEntry(at=AT, action="execute", actor="key:1", object="x", address="::1")])
        return await api_keys.list_active(pool, AT)
    finally:
        await pool.close()


def test_api_lists_active_keys_and_updates_the_last_use(connection: psycopg.Connection, database_url: str) -> None:
    api_keys.create(connection, KEY, actor="ada")
    revoked = msgspec.structs.replace(KEY, id="ba9876543210", revoked_at=AT)
    expired = msgspec.structs.replace(KEY, id="cccccccccccc", expires_at=AT)
    for other in (revoked, expired):
        api_keys.create(connection, other, actor="ada")
    used = msgspec.structs.replace(KEY, last_used_at=AT + timedelta(hours=1))
    assert asyncio.run(_updated_and_listed(database_url)) == [used]
    assert audit_log.read(connection, limit=1)[0].action == "execute"
