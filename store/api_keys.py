"""API keys in Postgres: created and revoked from the command line, read by the API; changes go to the audit log."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

import psycopg

from domain.api_keys import ApiKey
from store import audit_log
from store.audit_log import AuditEntry
from store.postgres import Pool, map_errors, transaction, write_transaction

KEYS_MAX: Final = 10_000
"""Active keys that an API process loads into memory, 0.5 kB each."""

_NAMES: Final = ApiKey.__struct_fields__
_SELECT: Final = f"SELECT {', '.join(_NAMES)} FROM api_keys"  # noqa: S608  our own columns
_ACTIVE: Final = f"""
{_SELECT} WHERE revoked_at IS NULL AND (expires_at IS NULL OR expires_at > %s)
ORDER BY created_at DESC LIMIT {KEYS_MAX}
"""
_ALL: Final = f"{_SELECT} ORDER BY created_at, id"
_INSERT: Final = f"""
INSERT INTO api_keys ({", ".join(_NAMES)}) VALUES ({", ".join(f"%({name})s" for name in _NAMES)})
"""  # noqa: S608
_REVOKE: Final = "UPDATE api_keys SET revoked_at = %(at)s WHERE id = %(id)s AND revoked_at IS NULL"
_UPDATE_LAST_USED: Final = """
UPDATE api_keys SET last_used_at = greatest(last_used_at, used.at)
FROM unnest(%(ids)s::text[], %(times)s::timestamptz[]) AS used (id, at) WHERE api_keys.id = used.id
"""


def create(connection: psycopg.Connection, key: ApiKey, *, actor: str) -> None:
    """Store a new key.

    Raises
    ------
    ServiceError
        If Postgres cannot be reached.
    SetupError
        If the schema is not up to date.
    """
    values = {name: getattr(key, name) for name in _NAMES} | {"scopes": list(key.scopes)}
    with transaction(connection):
        connection.execute(_INSERT, values)
        audit_log.write(connection, [AuditEntry(at=key.created_at, action="key_created", actor=actor, object=key.id)])


def revoke(connection: psycopg.Connection, key_id: str, *, at: datetime, actor: str) -> bool:
    """Revoke a key permanently; False if the id is unknown or was already revoked.

    Raises
    ------
    ServiceError, SetupError
        As `create` does.
    """
    with transaction(connection):
        revoked = connection.execute(_REVOKE, {"id": key_id, "at": at}).rowcount > 0
        if revoked:
            audit_log.write(connection, [AuditEntry(at=at, action="key_revoked", actor=actor, object=key_id)])
    return revoked


def list_all(connection: psycopg.Connection) -> list[ApiKey]:
    """All keys, including expired and revoked ones, oldest first.

    Raises
    ------
    ServiceError, SetupError
        As `create` does.
    """
    with map_errors():
        return [_key(row) for row in connection.execute(_ALL).fetchall()]


async def list_active(pool: Pool, expires_after: datetime) -> list[ApiKey]:
    """The newest `KEYS_MAX` keys that are not revoked and expire after the given time.

    Raises
    ------
    ServiceError, SetupError
        As `create` does.
    """
    with map_errors():
        async with pool.connection() as connection:
            rows = await (await connection.execute(_ACTIVE, (expires_after,))).fetchall()
    return [_key(row) for row in rows]


async def update_last_used(pool: Pool, used: Mapping[str, datetime]) -> None:
    """Update the last use of keys; an earlier time than the stored one changes nothing.

    Raises
    ------
    ServiceError, SetupError
        As `create` does.
    """
    async with write_transaction(pool) as connection:
        await connection.execute(_UPDATE_LAST_USED, {"ids": list(used), "times": list(used.values())})


def _key(row: tuple[Any, ...]) -> ApiKey:
    values = dict(zip(_NAMES, row, strict=True))
    return ApiKey(**{**values, "scopes": tuple(values["scopes"])})
