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
    """A paper trade as of its last change. No real order is involved. Amounts are in quote currency.

    Attributes
    ----------
    signal_id
        Id of the signal, or of the arbitrage opportunity, that is traded.
    signal_type
        Strategy that proposed the signal, or kind of the arbitrage.
    planned_at, updated_at
        Time of the decision, and of the last change.
    entry_price, entry_time
        `entry_price` is the planned price as long as `entry_time` is null.
    exit_price, exit_time
        Null while the trade is open.
    shares, notional
        Size in base units, and its value at the entry.
    risk
        Loss at the stop-loss, costs included.
    fees
        Costs of entry and exit, slippage included.
    pnl, pnl_pct, pnl_r
        Profit or loss net of costs: amount, percent of the notional, and in R, the planned risk.
    outcome
        State of the trade. `skipped`: position limits left it no size; `unfilled`: nothing traded before it expired.
    skipped_reason
        Why it was skipped.
    regime, probability
        Volatility and trend of the market, and calibrated probability, at the decision.
    equity
        Realised equity of the account after this change.
    simulated
        Whether the market is simulated.
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

    Attributes
    ----------
    daily_return
        Fraction of the equity at the start of the day.
    drawdown
        Fraction of the highest equity so far, at most 0.
    gross_exposure
        Sum of the notionals of open positions over equity.
    account
        Traded instruments and prediction markets have one account each.
    """

    day: datetime
    equity: float
    daily_return: float | None
    drawdown: float
    open_positions: int
    gross_exposure: float | None
    account: Branch = INSTRUMENTS
