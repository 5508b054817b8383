"""Arbitrage executions: opportunities that were taken on paper because somebody asked, each at most once.

What is taken is the plan of an opportunity as of one revision. When that plan has been judged by the books that
followed, its paper trade ends with what would have become of it.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

import msgspec
import psycopg

from domain.executions import Execution, TradeState
from domain.opportunities import Opportunity, Settlement
from store import executions, outbox
from store.executions import COLUMNS
from store.postgres import Pool, map_errors, write_transaction

# Whether the opportunity is still the one that was meant is asked in the statement that takes it.
_TAKE: Final = f"""
WITH taken AS (
    INSERT INTO arbitrage_executions (key, opportunity_id, revision, execution_id, at, plan_revision, settlement)
    SELECT %(key)s, id, %(revision)s, %(execution_id)s, %(at)s, (plan->>'revision')::int,
           CASE WHEN settlement->>'revision' = plan->>'revision' THEN settlement END
    FROM arbitrage_opportunities
    WHERE id = %(opportunity_id)s AND revision = %(at_revision)s AND closed_at IS NULL
    ON CONFLICT DO NOTHING
    RETURNING execution_id
), written AS (
    INSERT INTO trade_executions ({", ".join(COLUMNS)}, stage)
    SELECT {", ".join(f"%(trade_{name})s::{kind}" for name, kind in COLUMNS.items())}, 1 FROM taken
    RETURNING id
)
INSERT INTO outbox (channel, payload) SELECT 'executions', %(payload)s FROM written
"""  # noqa: S608  names and types of our own columns

_OPEN: Final = f"""
SELECT taken.opportunity_id, taken.plan_revision,
       coalesce(taken.settlement, told.settlement)::text, {", ".join(f"trade.{name}" for name in COLUMNS)}
FROM arbitrage_executions AS taken
JOIN trade_executions AS trade ON trade.id = taken.execution_id
JOIN arbitrage_opportunities AS told ON told.id = taken.opportunity_id
WHERE NOT taken.ended
ORDER BY taken.at, taken.execution_id
"""  # noqa: S608  names of our own columns

_END: Final = """
UPDATE arbitrage_executions SET settlement = %(settlement)s, ended = true WHERE execution_id = %(id)s
"""

_settlement = msgspec.json.Decoder(Settlement | None)

_READ: Final = "SELECT key, opportunity_id, revision, execution_id, at FROM arbitrage_executions WHERE key = %s"
_READ_TRADE: Final = f"SELECT {', '.join(COLUMNS)} FROM trade_executions WHERE id = %s"  # noqa: S608


class ArbitrageExecution(msgspec.Struct, frozen=True, kw_only=True):
    """A wish that was carried out.

    Attributes
    ----------
    key
        Under which it was asked for.
    opportunity_id, revision
        What was asked for.
    execution_id
        Of the paper trade.
    """

    key: str
    opportunity_id: str
    revision: int
    execution_id: str
    at: datetime


async def create(pool: Pool, wish: ArbitrageExecution, trade: Execution, *, at_revision: int) -> bool:
    """Take an opportunity: the wish, its open paper trade and that trade's line in the outbox, or nothing.

    The engine announces the trade when it next empties the outbox.

    Parameters
    ----------
    at_revision
        Of the opportunity, as it was read.

    Returns
    -------
    bool
        False if the key is known, the opportunity was taken before, or it is no longer open and as it was read.

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
    values["at_revision"] = at_revision
    values["payload"] = msgspec.json.encode(trade).decode()
    async with write_transaction(pool) as connection:
        await outbox.lock_async(connection)
        return (await connection.execute(_TAKE, values)).rowcount == 1


async def by_key(pool: Pool, key: str) -> ArbitrageExecution | None:
    """What was carried out under a key.

    Raises
    ------
    ServiceError
        If Postgres cannot be reached in time.
    """
    with map_errors():
        async with pool.connection() as connection:
            row = await (await connection.execute(_READ, (key,))).fetchone()
    return ArbitrageExecution(**dict(zip(ArbitrageExecution.__struct_fields__, row, strict=True))) if row else None


async def trade_of(pool: Pool, taken: ArbitrageExecution) -> Execution | None:
    """The paper trade of a wish, as of its last change.

    Raises
    ------
    ServiceError
        If Postgres cannot be reached in time.
    """
    with map_errors():
        async with pool.connection() as connection:
            row = await (await connection.execute(_READ_TRADE, (taken.execution_id,))).fetchone()
    return Execution(**dict(zip(COLUMNS, row, strict=True))) if row else None


def settle(connection: psycopg.Connection, told: Sequence[Opportunity]) -> int:
    """End the paper trades whose plan has been judged, in `told` or before.

    Call it in the transaction that writes `told`, after it.

    Returns
    -------
    int
        How many wait in the outbox because of this call.

    Raises
    ------
    ServiceError
        If Postgres cannot be reached.
    """
    judged = {(each.id, each.settlement.revision): each.settlement for each in told if each.settlement is not None}
    with map_errors():
        rows: list[tuple[Any, ...]] = connection.execute(_OPEN).fetchall()
    ended: list[Execution] = []
    for opportunity_id, revision, text, *values in rows:
        known = _settlement.decode(text) if text else None
        found = judged.get((opportunity_id, revision), known)
        if found is None or found.revision != revision:
            continue
        trade = Execution(**dict(zip(COLUMNS, values, strict=True)))
        ended.append(_ended(trade, found))
        with map_errors():
            connection.execute(_END, {"settlement": msgspec.json.encode(found).decode(), "id": trade.id})
    return executions.write(connection, ended)


def _ended(trade: Execution, judged: Settlement) -> Execution:
    """The trade at its end.

    What nobody can say, since a book was no longer to be trusted, was not filled; what stood alone and could not be
    undone is lost as far as it was at risk.
    """
    at = max(judged.judged_at, trade.planned_at)
    if judged.outcome == "unjudged" or (judged.outcome == "missed" and judged.net == 0):
        return msgspec.structs.replace(trade, updated_at=at, exit_time=at, outcome="unfilled", entry_time=None)
    pnl = -trade.risk if judged.net is None else float(judged.net)
    outcome: TradeState = "win" if pnl > 0.0 else "loss" if pnl < 0.0 else "even"
    return msgspec.structs.replace(
        trade,
        updated_at=at,
        exit_time=at,
        exit_price=(trade.notional + pnl) / trade.shares,
        pnl=pnl,
        pnl_pct=100.0 * pnl / trade.notional,
        pnl_r=pnl / trade.risk if trade.risk else 0.0,
        equity=trade.notional + pnl,
        outcome=outcome,
    )
