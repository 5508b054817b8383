"""Execution: the paper trade of an emitted signal, from the decision to its close.

A row is written at each change of a trade: it is planned at the decision, opened at the first price after it, and
closed with its outcome. The newest row of a trade is its current state.
"""

from datetime import datetime
from typing import Literal

import msgspec
import numpy as np

from domain.branches import INSTRUMENTS, Branch
from domain.signals import Direction

PLANNED, OPEN, WIN, LOSS, EVEN, UNFILLED, SKIPPED = range(7)
STATES = ("planned", "open", "win", "loss", "even", "unfilled", "skipped")
"""A trade is skipped if position limits leave it no size, and unfilled if there was no trade before it expired."""

SKIP_REASONS = ("", "max_open_positions", "no_edge", "no_equity")

EXECUTION = np.dtype(
    [
        ("ts", "<i8"),  # decision instant of the signal
        ("at", "<i8"),  # event time of this change
        ("instrument", "<i8"),
        ("strategy", "<i2"),
        ("direction", "i1"),
        ("state", "u1"),  # index into STATES
        ("skipped", "u1"),  # index into SKIP_REASONS
        ("outcome", "u1"),  # index into OUTCOMES once closed; 255 until then
        ("regime", "<i2"),  # index into REGIMES, at the decision
        ("probability", "<f8"),  # calibrated, at the decision
        ("entry_at", "<i8"),  # 0 if not entered
        ("exit_at", "<i8"),  # 0 while open
        ("entry_price", "<f8"),  # as planned until it is filled
        ("exit_price", "<f8"),  # NaN while open
        ("shares", "<f8"),  # base units, 0 if skipped
        ("notional", "<f8"),  # quote units at the entry
        ("risk", "<f8"),  # quote units lost at the stop, costs included
        ("fees", "<f8"),  # quote units, both sides, slippage included; 0 while open
        ("pnl", "<f8"),  # quote units, net; NaN while open
        ("pnl_pct", "<f8"),  # of the notional, net; NaN while open
        ("pnl_r", "<f8"),  # in units of the planned risk, net; NaN while open
        ("equity", "<f8"),  # of the account after this change, realised
    ]
)

EQUITY = np.dtype(
    [
        ("day", "<i8"),  # 00:00 UTC at which it was marked
        ("equity", "<f8"),  # open positions at the last close
        ("return", "<f8"),  # of the day, (-1, inf)
        ("drawdown", "<f8"),  # from the highest mark so far, [-1, 0]
        ("open_positions", "<i8"),
        ("gross_exposure", "<f8"),  # sum of notionals over equity
    ]
)
"""One row for each UTC day that ended, days without a trade included."""


TradeState = Literal["planned", "open", "win", "loss", "even", "unfilled", "skipped"]


class Execution(msgspec.Struct, frozen=True, kw_only=True):
    """A paper trade as of its last change. No real order is involved.

    `entry_price` is the planned price until `entry_time`. Amounts are in quote currency; `fees` include slippage.
    """

    id: str
    signal_id: str
    venue: str
    symbol: str
    market_slug: str
    signal_type: str
    timeframe: str
    direction: Direction
    planned_at: datetime
    updated_at: datetime
    entry_price: float
    entry_time: datetime | None
    exit_price: float | None
    exit_time: datetime | None
    shares: float
    notional: float
    risk: float
    fees: float
    pnl: float | None
    pnl_pct: float | None
    pnl_r: float | None
    outcome: TradeState
    skipped_reason: str | None
    regime: str
    probability: float | None
    equity: float
    simulated: bool


class EquityDay(msgspec.Struct, frozen=True, kw_only=True):
    """The paper account at the end of a UTC day, with open positions at their last close.

    `daily_return` is a fraction of the equity at the start of the day; `drawdown` is a fraction of the highest
    equity so far, at most 0. Each branch has its own `account`.
    """

    day: datetime
    equity: float
    daily_return: float | None
    drawdown: float
    open_positions: int
    gross_exposure: float | None
    account: Branch = INSTRUMENTS
