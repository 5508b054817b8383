"""Instruments: what is traded, by name."""

from collections.abc import Sequence
from typing import Any, Final

import msgspec
import psycopg

from store.columns import columns, unnest
from store.postgres import Pool, map_errors


class Instrument(msgspec.Struct, frozen=True, kw_only=True):
    """An instrument as it is listed.

    Attributes
    ----------
    name
        `venue:symbol`.
    id
        `domain.instruments.instrument_id` of the name.
    market_slug
        The market it belongs to; the symbol in lower case outside prediction markets.
    simulated
        Whether its prices are made up.
    """

    name: str
    id: int
    venue: str
    symbol: str
    market_slug: str
    simulated: bool


_COLUMNS: Final = {
    "name": "text",
    "id": "int8",
    "venue": "text",
    "symbol": "text",
    "market_slug": "text",
    "simulated": "boolean",
}

_WRITE: Final = f"""
INSERT INTO instruments ({", ".join(_COLUMNS)})
SELECT * FROM {unnest(_COLUMNS)}
ON CONFLICT DO NOTHING
"""  # noqa: S608  names and types of our own columns

_READ: Final = f"SELECT {', '.join(_COLUMNS)} FROM instruments"  # noqa: S608


def write(connection: psycopg.Connection, instruments: Sequence[Instrument]) -> int:
    """List instruments; one that is listed stays as it is.

    Returns
    -------
    int
        How many were new.

    Raises
    ------
    ServiceError
        If Postgres cannot be reached.
    """
    if not instruments:
        return 0
    with map_errors():
        return connection.execute(_WRITE, columns(instruments, _COLUMNS)).rowcount


async def page(pool: Pool, *, limit: int, symbol: str | None = None, after: str | None = None) -> list[Instrument]:
    """Instruments by name, ascending.

    Parameters
    ----------
    symbol
        Only those of this symbol, on whichever venue.
    after
        Only names that come after this one.

    Raises
    ------
    ServiceError
        If Postgres cannot be reached in time.
    """
    query = f"{_READ} WHERE TRUE"
    values: dict[str, Any] = {"limit": limit, "symbol": symbol, "after": after}
    if symbol is not None:
        query += " AND symbol = %(symbol)s"
    if after is not None:
        query += " AND name > %(after)s"
    with map_errors():
        async with pool.connection() as connection:
            cursor = await connection.execute(f"{query} ORDER BY name LIMIT %(limit)s", values)
            return [Instrument(**dict(zip(_COLUMNS, row, strict=True))) for row in await cursor.fetchall()]
