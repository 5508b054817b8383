"""Arbitrage executions: opportunities that were taken on paper because somebody asked, each at most once."""

from datetime import datetime
from typing import Final

import msgspec

from domain.executions import Execution
from store import outbox
from store.executions import COLUMNS
from store.postgres import Pool, reachable, writing

# Whether the opportunity is still the one that was meant is asked in the statement that takes it.
_TAKE: Final = f"""
WITH taken AS (
    INSERT INTO arbitrage_executions (key, opportunity_id, revision, execution_id, at)
    SELECT %(key)s, id, revision, %(execution_id)s, %(at)s FROM arbitrage_opportunities
    WHERE id = %(opportunity_id)s AND revision = %(revision)s AND closed_at IS NULL
    ON CONFLICT DO NOTHING
    RETURNING execution_id
), written AS (
    INSERT INTO trade_executions ({", ".join(COLUMNS)}, stage)
    SELECT {", ".join(f"%(trade_{name})s::{kind}" for name, kind in COLUMNS.items())}, 1 FROM taken
    RETURNING id
)
INSERT INTO outbox (channel, payload) SELECT 'executions', %(payload)s FROM written
"""  # noqa: S608  names and types of our own columns

_READ: Final = "SELECT key, opportunity_id, revision, execution_id, at FROM arbitrage_executions WHERE key = %s"
_READ_TRADE: Final = f"SELECT {', '.join(COLUMNS)} FROM trade_executions WHERE id = %s"  # noqa: S608


class Taken(msgspec.Struct, frozen=True, kw_only=True):
    """A wish that was carried out.

    Attributes
    ----------
    key
        Under which it was asked for.
    opportunity_id, revision
        What was taken, as it then stood.
    execution_id
        Of the paper trade.
    """

    key: str
    opportunity_id: str
    revision: int
    execution_id: str
    at: datetime


async def take(pool: Pool, wish: Taken, trade: Execution) -> bool:
    """Take an opportunity: the wish, its open paper trade and that trade's line in the outbox, or nothing.

    The engine announces the trade when it next empties the outbox.

    Returns
    -------
    bool
        False if the key is known, the opportunity was taken before, or it is no longer open at that revision.

    Raises
    ------
    ServiceError
        If Postgres cannot be reached in time.
    SetupError
        If the API's user may not write to these three tables.
    """
    values = msgspec.structs.asdict(wish) | {
        f"trade_{name}": value for name, value in msgspec.structs.asdict(trade).items()
    }
    values["payload"] = msgspec.json.encode(trade).decode()
    async with writing(pool) as connection:
        await outbox.take_turn_async(connection)
        return (await connection.execute(_TAKE, values)).rowcount == 1


async def by_key(pool: Pool, key: str) -> Taken | None:
    """What was carried out under a key.

    Raises
    ------
    ServiceError
        If Postgres cannot be reached in time.
    """
    with reachable():
        async with pool.connection() as connection:
            row = await (await connection.execute(_READ, (key,))).fetchone()
    return Taken(**dict(zip(Taken.__struct_fields__, row, strict=True))) if row else None


async def trade_of(pool: Pool, taken: Taken) -> Execution | None:
    """The paper trade of a wish, as of its last change.

    Raises
    ------
    ServiceError
        If Postgres cannot be reached in time.
    """
    with reachable():
        async with pool.connection() as connection:
            row = await (await connection.execute(_READ_TRADE, (taken.execution_id,))).fetchone()
    return Execution(**dict(zip(COLUMNS, row, strict=True))) if row else None
