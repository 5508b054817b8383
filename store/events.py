"""Events: what detectors noticed, one row per event, written once."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

import psycopg

from domain.signals import Event
from store.columns import columns, unnest
from store.partitions import maintain
from store.postgres import Pool, reachable

_COLUMNS: Final = {
    "id": "text",
    "venue": "text",
    "symbol": "text",
    "timeframe": "text",
    "detector": "text",
    "direction": "int2",
    "strength": "float8",
    "detected_at": "timestamptz",
    "simulated": "boolean",
}
"""Name and Postgres type, in the order of the table and of `Event`."""

_WRITE: Final = f"""
INSERT INTO events ({", ".join(_COLUMNS)})
SELECT * FROM {unnest(_COLUMNS)}
ON CONFLICT DO NOTHING
"""  # noqa: S608  names and types of our own columns

_READ: Final = f"SELECT {', '.join(_COLUMNS)} FROM events"  # noqa: S608


def write(connection: psycopg.Connection, events: Sequence[Event]) -> int:
    """Write events; one that is there stays as it is. Makes the partitions it needs.

    Returns
    -------
    int
        How many were new.

    Raises
    ------
    ServiceError
        If Postgres cannot be reached.
    """
    if not events:
        return 0
    parameters = columns(events, _COLUMNS)
    maintain(connection, "events", parameters["detected_at"])
    with reachable():
        return connection.execute(_WRITE, parameters).rowcount


async def page(
    pool: Pool,
    *,
    limit: int,
    symbol: str | None = None,
    timeframe: str | None = None,
    detector: str | None = None,
    since: datetime | None = None,
    before: tuple[datetime, str] | None = None,
) -> list[Event]:
    """Events, newest first: by (detected_at, id) descending.

    Parameters
    ----------
    since
        Only events of this instant or later.
    before
        Only events that stand after this (detected_at, id) in that order.

    Raises
    ------
    ServiceError
        If Postgres cannot be reached in time.
    """
    same: dict[str, Any] = {"symbol": symbol, "timeframe": timeframe, "detector": detector}
    same = {name: value for name, value in same.items() if value is not None}
    conditions = ["TRUE", *(f"{name} = %({name})s" for name in same)]
    values = {**same, "limit": limit, "since": since}
    if since is not None:
        conditions.append("detected_at >= %(since)s")
    if before is not None:
        # The row comparison alone does not leave out partitions.
        conditions.append("detected_at <= %(before_at)s AND (detected_at, id) < (%(before_at)s, %(before_id)s)")
        values |= {"before_at": before[0], "before_id": before[1]}
    query = f"{_READ} WHERE {' AND '.join(conditions)} ORDER BY detected_at DESC, id DESC LIMIT %(limit)s"
    with reachable():
        async with pool.connection() as connection:
            cursor = await connection.execute(query, values)
            return [Event(**dict(zip(_COLUMNS, row, strict=True))) for row in await cursor.fetchall()]
