"""Audit log: who did what and with which key; append-only, deleted by age. It holds no secrets."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

import msgspec
import psycopg

from store.columns import unnest
from store.postgres import Pool, map_errors, write_transaction

RETENTION_DAYS_MIN: Final = 30
"""Least age in days at which rows can be deleted; a trigger enforces it."""
DELETE_BATCH_ROWS: Final = 10_000


class AuditEntry(msgspec.Struct, frozen=True, kw_only=True):
    """One entry of the audit log.

    Attributes
    ----------
    action
        `key_created`, `key_revoked` or `execute`.
    actor
        `key:<id>`, `token:<subject>`, `local` or `command line`.
    object
        Target of the action: the id of a key or of an opportunity.
    address, request_id
        Of the request; empty if there was none.
    """

    at: datetime
    action: str
    actor: str
    object: str
    address: str = ""
    request_id: str = ""


_COLUMNS: Final = {
    "at": "timestamptz",
    "action": "text",
    "actor": "text",
    "object": "text",
    "address": "text",
    "request_id": "text",
}

_WRITE: Final = f"""
INSERT INTO audit_log ({", ".join(_COLUMNS)}) SELECT * FROM {unnest(_COLUMNS)}
"""  # noqa: S608  names and types of our own columns
_DELETE: Final = f"""
DELETE FROM audit_log
WHERE id IN (SELECT id FROM audit_log WHERE at < %(before)s ORDER BY at, id LIMIT {DELETE_BATCH_ROWS})
"""  # noqa: S608


def write(connection: psycopg.Connection, entries: Sequence[AuditEntry]) -> None:
    """Write entries, in the transaction of the action that they record.

    Raises
    ------
    ServiceError
        If Postgres cannot be reached.
    SetupError
        If the schema is not up to date.
    """
    with map_errors():
        connection.execute(_WRITE, _columns(entries))


async def append(pool: Pool, entries: Sequence[AuditEntry]) -> None:
    """Write entries in a transaction of their own.

    Raises
    ------
    ServiceError, SetupError
        As `write` does.
    """
    async with write_transaction(pool) as connection:
        await connection.execute(_WRITE, _columns(entries))


async def delete_before(pool: Pool, before: datetime) -> int:
    """Delete the oldest entries from before `before`, at most `DELETE_BATCH_ROWS`; return their number.

    Raises
    ------
    ServiceError, SetupError
        As `write` does.
    """
    async with write_transaction(pool) as connection:
        return (await connection.execute(_DELETE, {"before": before})).rowcount


def read(connection: psycopg.Connection, *, limit: int = 100) -> list[AuditEntry]:
    """The newest entries, newest first.

    Raises
    ------
    ServiceError, SetupError
        As `write` does.
    """
    statement = f"SELECT {', '.join(_COLUMNS)} FROM audit_log ORDER BY at DESC, id DESC LIMIT %s"  # noqa: S608
    with map_errors():
        rows = connection.execute(statement.encode(), (limit,)).fetchall()
    return [AuditEntry(**dict(zip(_COLUMNS, row, strict=True))) for row in rows]


def _columns(entries: Sequence[AuditEntry]) -> dict[str, list[Any]]:
    """One list per column; numpy arrays need the adapters that only the engine's connections have."""
    return {name: [getattr(entry, name) for entry in entries] for name in _COLUMNS}
