"""Gaps: holes in the input, where trades are known or likely to be missing."""

from collections.abc import Sequence
from datetime import datetime
from hashlib import blake2b
from typing import Final

import msgspec
import psycopg

from store.arrays import Texts
from store.columns import columns, unnest
from store.postgres import Pool, map_errors


class Gap(msgspec.Struct, frozen=True, kw_only=True):
    """A hole in the trades of one instrument.

    Attributes
    ----------
    detected_at
        Close time of the bar in which it was detected.
    first_id, last_id
        Trade ids before and after the hole, both present; null if the venue itself reported a possible gap.
    missing
        Number of missing trades; null if unknown.
    """

    instrument: str
    detected_at: datetime
    first_id: int | None
    last_id: int | None
    missing: int | None


_COLUMNS: Final = {
    "instrument": "text",
    "detected_at": "timestamptz",
    "first_id": "int8",
    "last_id": "int8",
    "missing": "int8",
}

_WRITE: Final = f"""
INSERT INTO gaps (id, {", ".join(_COLUMNS)})
SELECT * FROM {unnest({"id": "text"} | _COLUMNS)}
ON CONFLICT (id) DO NOTHING
"""  # noqa: S608  names and types of columns, no user input


def write(connection: psycopg.Connection, gaps: Sequence[Gap]) -> int:
    """Write gaps; a stored gap is not changed.

    Returns
    -------
    int
        The number of new rows.

    Raises
    ------
    ServiceError
        If Postgres cannot be reached.
    """
    if not gaps:
        return 0
    parameters = columns(gaps, _COLUMNS) | {"id": Texts([_id(gap) for gap in gaps])}
    with map_errors():
        return connection.execute(_WRITE, parameters).rowcount


async def page(pool: Pool, *, limit: int, since: datetime | None = None) -> list[Gap]:
    """Gaps, newest first.

    Parameters
    ----------
    since
        Only gaps that were detected at this time or later.

    Raises
    ------
    ServiceError
        If Postgres cannot be reached in time.
    """
    query = f"SELECT {', '.join(_COLUMNS)} FROM gaps"  # noqa: S608  names of columns, no user input
    if since is not None:
        query += " WHERE detected_at >= %(since)s"
    with map_errors():
        async with pool.connection() as connection:
            cursor = await connection.execute(
                f"{query} ORDER BY detected_at DESC, id DESC LIMIT %(limit)s", {"since": since, "limit": limit}
            )
            return [Gap(**dict(zip(_COLUMNS, row, strict=True))) for row in await cursor.fetchall()]


def _id(gap: Gap) -> str:
    parts = (gap.instrument, gap.detected_at.isoformat(), gap.first_id, gap.last_id)
    return blake2b("|".join(map(str, parts)).encode(), digest_size=16).hexdigest()
