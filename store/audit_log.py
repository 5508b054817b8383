"""Audit log: who did what, and with which key; only added to, and forgotten by age. Nothing in it is secret."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

import msgspec
import psycopg

from store.columns import unnest
from store.postgres import Pool, map_errors, write_transaction

KEPT_DAYS_MIN: Final = 30
"""Younger rows cannot be deleted: Postgres refuses."""
FORGOTTEN_AT_ONCE: Final = 10_000


class Deed(msgspec.Struct, frozen=True, kw_only=True):
    """One line.

    Attributes
    ----------
    action
        `key_created`, `key_revoked` or `execute`.
    actor
        Who: `key:<id>`, `token:<subject>`, `local` or `command line`.
    object
        What it was done to: the id of a key or of an opportunity.
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
_FORGET: Final = f"""
DELETE FROM audit_log
WHERE id IN (SELECT id FROM audit_log WHERE at < %(before)s ORDER BY at, id LIMIT {FORGOTTEN_AT_ONCE})
"""  # noqa: S608


def write(connection: psycopg.Connection, deeds: Sequence[Deed]) -> None:
    """Write lines; in the transaction of what they tell of.

    Raises
    ------
    ServiceError
        If Postgres cannot be reached.
    SetupError
        If it was not migrated.
    """
    with map_errors():
        connection.execute(_WRITE, _lists(deeds))


async def append(pool: Pool, deeds: Sequence[Deed]) -> None:
    """Write lines for the API, in a transaction of their own.

    Raises
    ------
    ServiceError, SetupError
        As `write` does.
    """
    async with write_transaction(pool) as connection:
        await connection.execute(_WRITE, _lists(deeds))


async def forget(pool: Pool, *, before: datetime) -> int:
    """Delete the oldest lines from before `before`, at most `FORGOTTEN_AT_ONCE` of them; how many.

    Raises
    ------
    ServiceError, SetupError
        As `write` does.
    """
    async with write_transaction(pool) as connection:
        return (await connection.execute(_FORGET, {"before": before})).rowcount


def read(connection: psycopg.Connection, *, limit: int = 100) -> list[Deed]:
    """The newest lines, newest first.

    Raises
    ------
    ServiceError, SetupError
        As `write` does.
    """
    statement = f"SELECT {', '.join(_COLUMNS)} FROM audit_log ORDER BY at DESC, id DESC LIMIT %s"  # noqa: S608
    with map_errors():
        rows = connection.execute(statement.encode(), (limit,)).fetchall()
    return [Deed(**dict(zip(_COLUMNS, row, strict=True))) for row in rows]


def _lists(deeds: Sequence[Deed]) -> dict[str, list[Any]]:
    """A list a column, which every connection can send; numpy arrays are for those of the engine."""
    return {name: [getattr(deed, name) for deed in deeds] for name in _COLUMNS}
