"""Instruments: traded instruments, by name."""

from collections.abc import Sequence
from typing import Any, Final

import msgspec
import psycopg

from store.columns import columns, unnest
from store.postgres import Pool, map_errors


class Instrument(msgspec.Struct, frozen=True, kw_only=True):
    """A traded instrument.

    Attributes
    ----------
    name
        `venue:symbol`.
    id
        `domain.instruments.instrument_id` of the name.
    market_slug
        Market to which it belongs; the symbol in lower case outside prediction markets.
    simulated
        Whether its prices come from the simulator.
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
"""  # noqa: S608  names and types of columns, no user input

_READ: Final = f"SELECT {', '.join(_COLUMNS)} FROM instruments"  # noqa: S608


def write(connection: psycopg.Connection, instruments: Sequence[Instrument]) -> int:
    """Write instruments; a stored instrument is not changed.

    Returns
    -------
    int
        The number of new rows.

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
        Only instruments with this symbol, on any venue.
    after
        Only names after this one.

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
