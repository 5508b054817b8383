"""Executions: paper trades, one row each, which is replaced only by a later stage of the trade.

The results of ended trades are added to daily sums (store/trade_days.py).
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

import msgspec
import psycopg

from domain.branches import INSTRUMENTS, Branch
from domain.executions import EquityDay, Execution
from store import trade_days
from store.columns import columns, unnest
from store.listing import Listing
from store.outbox_table import OutboxTable
from store.postgres import Pool, map_errors

COLUMNS: Final = {
    "id": "text",
    "signal_id": "text",
    "venue": "text",
    "symbol": "text",
    "market_slug": "text",
    "signal_type": "text",
    "timeframe": "text",
    "direction": "text",
    "planned_at": "timestamptz",
    "updated_at": "timestamptz",
    "entry_price": "float8",
    "entry_time": "timestamptz",
    "exit_price": "float8",
    "exit_time": "timestamptz",
    "shares": "float8",
    "notional": "float8",
    "risk": "float8",
    "fees": "float8",
    "pnl": "float8",
    "pnl_pct": "float8",
    "pnl_r": "float8",
    "outcome": "text",
    "skipped_reason": "text",
    "regime": "text",
    "probability": "float8",
    "equity": "float8",
    "simulated": "boolean",
}
"""Name and Postgres type, in the order of the table and of `Execution`."""

_STAGES: Final = {"planned": 0, "open": 1}
_ENDED: Final = 2

_TABLE: Final = OutboxTable(
    "trade_executions",
    "executions",
    {**COLUMNS, "stage": "int2"},
    replace_if="old.stage < excluded.stage",
    extra_ctes=trade_days.ADD,
)

_DAYS: Final = {
    "day": "timestamptz",
    "equity": "float8",
    "daily_return": "float8",
    "drawdown": "float8",
    "open_positions": "int4",
    "gross_exposure": "float8",
    "account": "text",
}

_WRITE_DAYS: Final = f"""
INSERT INTO account_equity ({", ".join(_DAYS)})
SELECT * FROM {unnest(_DAYS)}
ON CONFLICT (account, day) DO NOTHING
"""  # noqa: S608  names and types of columns, no user input

_READ_DAYS: Final = f"""
SELECT {", ".join(_DAYS)} FROM account_equity
WHERE account = %(account)s
  AND (%(since)s::timestamptz IS NULL OR day >= %(since)s) AND (%(until)s::timestamptz IS NULL OR day < %(until)s)
ORDER BY day
"""  # noqa: S608


def _execution(row: tuple[Any, ...]) -> Execution:
    return Execution(**dict(zip(COLUMNS, row, strict=True)))


LISTING: Final = Listing(
    "trade_executions",
    "planned_at",
    ", ".join(COLUMNS),
    {
        "symbol": "symbol = %(symbol)s",
        "signal_type": "signal_type = %(signal_type)s",
        "direction": "direction = %(direction)s",
        "outcomes": "outcome = ANY(%(outcomes)s)",
        "open": "stage < 2",
        "since": "planned_at >= %(since)s",
        "until": "planned_at < %(until)s",
        "changed_since": "updated_at >= %(changed_since)s",
    },
    _execution,
)
"""Trades, by (planned_at, id) descending."""


class _Row(Execution, frozen=True, kw_only=True):
    """A trade with its stage: 0 planned, 1 open, 2 ended."""

    stage: int


def write(connection: psycopg.Connection, executions: Sequence[Execution]) -> int:
    """Write trades in their latest state, and an outbox row for each that changed.

    Returns
    -------
    int
        The number of outbox rows.

    Raises
    ------
    ServiceError
        If Postgres cannot be reached.
    """
    latest: dict[str, Execution] = {}
    for each in sorted(executions, key=lambda trade: (_stage(trade), trade.updated_at)):
        latest[each.id] = each
    trades = sorted(latest.values(), key=lambda trade: (trade.updated_at, trade.id))
    rows = [_Row(**msgspec.structs.asdict(trade), stage=_stage(trade)) for trade in trades]
    return _TABLE.write(connection, rows, trades)


def write_days(connection: psycopg.Connection, equity: Sequence[EquityDay]) -> None:
    """Write the equity of accounts at the end of days; a stored day is not changed.

    Raises
    ------
    ServiceError
        If Postgres cannot be reached.
    """
    if equity:
        with map_errors():
            connection.execute(_WRITE_DAYS, columns(equity, _DAYS))


async def days(
    pool: Pool, *, account: Branch = INSTRUMENTS, since: datetime | None = None, until: datetime | None = None
) -> list[EquityDay]:
    """Equity of an account at the end of each day, oldest first, from `since` on and before `until`.

    Raises
    ------
    ServiceError
        If Postgres cannot be reached in time.
    """
    with map_errors():
        async with pool.connection() as connection:
            cursor = await connection.execute(_READ_DAYS, {"account": account, "since": since, "until": until})
            return [EquityDay(**dict(zip(_DAYS, row, strict=True))) for row in await cursor.fetchall()]


def _stage(execution: Execution) -> int:
    return _STAGES.get(execution.outcome, _ENDED)
