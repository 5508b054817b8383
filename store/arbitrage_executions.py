"""Arbitrage executions: opportunities that were executed on paper by request, each at most once.

An execution is of the plan of an opportunity at one revision. Its paper trade stays open until that plan is settled by
the order books that followed, and then ends with the result that it would have had.
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

# The statement itself checks that the opportunity is still open and at the revision that was read.
_CREATE: Final = f"""
WITH created AS (
    INSERT INTO arbitrage_executions (key, opportunity_id, revision, execution_id, at, plan_revision, settlement)
    SELECT %(key)s, id, %(revision)s, %(execution_id)s, %(at)s, (plan->>'revision')::int,
           CASE WHEN settlement->>'revision' = plan->>'revision' THEN settlement END
    FROM arbitrage_opportunities
    WHERE id = %(opportunity_id)s AND revision = %(at_revision)s AND closed_at IS NULL
    ON CONFLICT DO NOTHING
    RETURNING execution_id
), written AS (
    INSERT INTO trade_executions ({", ".join(COLUMNS)}, stage)
    SELECT {", ".join(f"%(trade_{name})s::{kind}" for name, kind in COLUMNS.items())}, 1 FROM created
    RETURNING id
)
INSERT INTO outbox (channel, payload) SELECT 'executions', %(payload)s FROM written
"""  # noqa: S608  names and types of columns, no user input

_OPEN: Final = f"""
SELECT execution.opportunity_id, execution.plan_revision,
       coalesce(execution.settlement, opportunity.settlement)::text, {", ".join(f"trade.{name}" for name in COLUMNS)}
FROM arbitrage_executions AS execution
JOIN trade_executions AS trade ON trade.id = execution.execution_id
JOIN arbitrage_opportunities AS opportunity ON opportunity.id = execution.opportunity_id
WHERE NOT execution.ended
ORDER BY execution.at, execution.execution_id
"""  # noqa: S608  names of columns, no user input

_END: Final = """
UPDATE arbitrage_executions SET settlement = %(settlement)s, ended = true WHERE execution_id = %(id)s
"""

_settlement = msgspec.json.Decoder(Settlement | None)

_READ: Final = "SELECT key, opportunity_id, revision, execution_id, at FROM arbitrage_executions WHERE key = %s"
_READ_TRADE: Final = f"SELECT {', '.join(COLUMNS)} FROM trade_executions WHERE id = %s"  # noqa: S608


class ArbitrageExecution(msgspec.Struct, frozen=True, kw_only=True):
    """A request that was executed.

    Attributes
    ----------
    key
        Idempotency key of the request.
    opportunity_id, revision
        The opportunity, and the revision that the client had seen.
    execution_id
        Id of the paper trade.
    """

    key: str
    opportunity_id: str
    revision: int
    execution_id: str
    at: datetime


async def create(pool: Pool, execution: ArbitrageExecution, trade: Execution, *, at_revision: int) -> bool:
    """Write an execution, its open paper trade and the outbox row of the trade, or nothing.

    The engine publishes the trade when it next drains the outbox.

    Parameters
    ----------
    at_revision
        Revision of the opportunity when it was read.

    Returns
    -------
    bool
        False if the key was used, the opportunity was executed before, has changed since it was read, or is closed.

    Raises
    ------
    ServiceError
        If Postgres cannot be reached in time.
    SetupError
        If the database user of the API may not insert into these three tables.
    """
    values = msgspec.structs.asdict(execution) | {
        f"trade_{name}": value for name, value in msgspec.structs.asdict(trade).items()
    }
    values["at_revision"] = at_revision
    values["payload"] = msgspec.json.encode(trade).decode()
    async with write_transaction(pool) as connection:
        await outbox.lock_async(connection)
        return (await connection.execute(_CREATE, values)).rowcount == 1


async def by_key(pool: Pool, key: str) -> ArbitrageExecution | None:
    """The execution with this idempotency key; None if there is none.

    Raises
    ------
    ServiceError
        If Postgres cannot be reached in time.
    """
    with map_errors():
        async with pool.connection() as connection:
            row = await (await connection.execute(_READ, (key,))).fetchone()
    return ArbitrageExecution(**dict(zip(ArbitrageExecution.__struct_fields__, row, strict=True))) if row else None


async def trade_of(pool: Pool, execution: ArbitrageExecution) -> Execution | None:
    """The current paper trade of an execution.

    Raises
    ------
    ServiceError
        If Postgres cannot be reached in time.
    """
    with map_errors():
        async with pool.connection() as connection:
            row = await (await connection.execute(_READ_TRADE, (execution.execution_id,))).fetchone()
    return Execution(**dict(zip(COLUMNS, row, strict=True))) if row else None


def settle(connection: psycopg.Connection, opportunities: Sequence[Opportunity]) -> int:
    """End the open paper trades whose plan was settled, in `opportunities` or before.

    Call it in the transaction that writes `opportunities`, after they are written.

    Returns
    -------
    int
        The number of outbox rows.

    Raises
    ------
    ServiceError
        If Postgres cannot be reached.
    """
    settlements = {
        (each.id, each.settlement.revision): each.settlement for each in opportunities if each.settlement is not None
    }
    with map_errors():
        rows: list[tuple[Any, ...]] = connection.execute(_OPEN).fetchall()
    ended: list[Execution] = []
    for opportunity_id, revision, text, *values in rows:
        stored = _settlement.decode(text) if text else None
        settlement = settlements.get((opportunity_id, revision), stored)
        if settlement is None or settlement.revision != revision:
            continue
        trade = Execution(**dict(zip(COLUMNS, values, strict=True)))
        ended.append(_ended(trade, settlement))
        with map_errors():
            connection.execute(_END, {"settlement": msgspec.json.encode(settlement).decode(), "id": trade.id})
    return executions.write(connection, ended)


def _ended(trade: Execution, settlement: Settlement) -> Execution:
    """The trade with its result.

    It counts as unfilled if a book was not reliable enough to settle the plan. If a leg was filled alone and could not
    be unwound, the amount at risk is lost.
    """
    at = max(settlement.judged_at, trade.planned_at)  # the plan may have been settled before the trade was requested
    if settlement.outcome == "unjudged" or (settlement.outcome == "missed" and settlement.net == 0):
        return msgspec.structs.replace(trade, updated_at=at, exit_time=at, outcome="unfilled", entry_time=None)
    pnl = -trade.risk if settlement.net is None else float(settlement.net)
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
