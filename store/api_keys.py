"""API keys in Postgres: made and revoked by a command, followed by the API; each change is in the audit log."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

import psycopg

from domain.api_keys import ApiKey
from store import audit_log
from store.audit_log import Deed
from store.postgres import Pool, map_errors, transaction, write_transaction

KEYS_MAX: Final = 10_000
"""Keys that a process follows; it holds them all in memory, 0.5 kB each."""

_NAMES: Final = ApiKey.__struct_fields__
_SELECT: Final = f"SELECT {', '.join(_NAMES)} FROM api_keys"  # noqa: S608  our own columns
_USABLE: Final = f"""
{_SELECT} WHERE revoked_at IS NULL AND (expires_at IS NULL OR expires_at > %s)
ORDER BY created_at DESC LIMIT {KEYS_MAX}
"""
_ALL: Final = f"{_SELECT} ORDER BY created_at, id"
_WRITE: Final = f"""
INSERT INTO api_keys ({", ".join(_NAMES)}) VALUES ({", ".join(f"%({name})s" for name in _NAMES)})
"""  # noqa: S608
_REVOKE: Final = "UPDATE api_keys SET revoked_at = %(at)s WHERE id = %(id)s AND revoked_at IS NULL"
_TOUCH: Final = """
UPDATE api_keys SET last_used_at = greatest(last_used_at, used.at)
FROM unnest(%(ids)s::text[], %(times)s::timestamptz[]) AS used (id, at) WHERE api_keys.id = used.id
"""


def create(connection: psycopg.Connection, key: ApiKey, *, actor: str) -> None:
    """Keep a new key.

    Raises
    ------
    ServiceError
        If Postgres cannot be reached.
    SetupError
        If it was not migrated.
    """
    values = {name: getattr(key, name) for name in _NAMES} | {"scopes": list(key.scopes)}
    with transaction(connection):
        connection.execute(_WRITE, values)
        audit_log.write(connection, [Deed(at=key.created_at, action="key_created", actor=actor, object=key.id)])


def revoke(connection: psycopg.Connection, key_id: str, *, at: datetime, actor: str) -> bool:
    """End a key for good; False if there is none of this id that was not ended before.

    Raises
    ------
    ServiceError, SetupError
        As `create` does.
    """
    with transaction(connection):
        found = connection.execute(_REVOKE, {"id": key_id, "at": at}).rowcount > 0
        if found:
            audit_log.write(connection, [Deed(at=at, action="key_revoked", actor=actor, object=key_id)])
    return found


def listed(connection: psycopg.Connection) -> list[ApiKey]:
    """All keys that ever were, oldest first.

    Raises
    ------
    ServiceError, SetupError
        As `create` does.
    """
    with map_errors():
        return [_key(row) for row in connection.execute(_ALL).fetchall()]


async def usable(pool: Pool, expires_after: datetime) -> list[ApiKey]:
    """The keys that were not revoked and did not expire before, the newest `KEYS_MAX` of them.

    Raises
    ------
    ServiceError, SetupError
        As `create` does.
    """
    with map_errors():
        async with pool.connection() as connection:
            rows = await (await connection.execute(_USABLE, (expires_after,))).fetchall()
    return [_key(row) for row in rows]


async def touch(pool: Pool, used: Mapping[str, datetime]) -> None:
    """Write down when keys were last used.

    Raises
    ------
    ServiceError, SetupError
        As `create` does.
    """
    async with write_transaction(pool) as connection:
        await connection.execute(_TOUCH, {"ids": list(used), "times": list(used.values())})


def _key(row: tuple[Any, ...]) -> ApiKey:
    values = dict(zip(_NAMES, row, strict=True))
    return ApiKey(**{**values, "scopes": tuple(values["scopes"])})
