"""Outcomes: how each signal ended, one row per signal, written once."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

import psycopg

from domain.signals import Outcome
from store import graded
from store.columns import columns, unnest
from store.postgres import Pool, reachable

_COLUMNS: Final = {
    "signal_id": "text",
    "outcome": "text",
    "entry_at": "timestamptz",
    "exit_at": "timestamptz",
    "entry_price": "float8",
    "exit_price": "float8",
    "return_pct": "float8",
    "return_r": "float8",
    "best_r": "float8",
    "worst_r": "float8",
    "duration_s": "float8",
}
"""Name and Postgres type, in the order of the table and of `Outcome`."""

_WRITE: Final = f"""
WITH fresh AS (
    INSERT INTO outcomes ({", ".join(_COLUMNS)})
    SELECT * FROM {unnest(_COLUMNS)}
    ON CONFLICT (signal_id) DO NOTHING
    RETURNING *
), {graded.ADD}
SELECT count(*) FROM fresh
"""  # noqa: S608  names and types of our own columns

_READ: Final = f"SELECT {', '.join(_COLUMNS)} FROM outcomes"  # noqa: S608


def write(connection: psycopg.Connection, outcomes: Sequence[Outcome]) -> int:
    """Write outcomes, and count those that are new; the first of a signal stays.

    Write their signals first.

    Returns
    -------
    int
        How many were new.

    Raises
    ------
    ServiceError
        If Postgres cannot be reached.
    """
    if not outcomes:
        return 0
    with reachable():
        found = connection.execute(_WRITE, columns(outcomes, _COLUMNS)).fetchone()
    return int(found[0]) if found else 0


async def page(
    pool: Pool, *, limit: int, since: datetime | None = None, before: tuple[datetime, str] | None = None
) -> list[Outcome]:
    """Outcomes, newest first: by (exit_at, signal_id) descending.

    Parameters
    ----------
    since
        Only signals that ended at this instant or later.
    before
        Only outcomes that stand after this (exit_at, signal_id) in that order.

    Raises
    ------
    ServiceError
        If Postgres cannot be reached in time.
    """
    query = f"{_READ} WHERE TRUE"
    values: dict[str, Any] = {"limit": limit, "since": since}
    if since is not None:
        query += " AND exit_at >= %(since)s"
    if before is not None:
        query += " AND (exit_at, signal_id) < (%(before_at)s, %(before_id)s)"
        values |= {"before_at": before[0], "before_id": before[1]}
    with reachable():
        async with pool.connection() as connection:
            cursor = await connection.execute(f"{query} ORDER BY exit_at DESC, signal_id DESC LIMIT %(limit)s", values)
            return [Outcome(**dict(zip(_COLUMNS, row, strict=True))) for row in await cursor.fetchall()]
