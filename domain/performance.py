"""Performance: running sums over paper trades, and alerts.

Only sums are stored, not ratios: rates and their intervals are computed from the sums where they are displayed.
"""

from datetime import datetime
from typing import Literal

import msgspec
import numpy as np

from domain.branches import INSTRUMENTS, Branch

OVERALL, STRATEGY, BUCKET = range(3)
GROUPS = ("overall", "signal_type", "confidence")
BUCKETS = 10
"""Buckets of the calibrated probability, a tenth each."""

PERFORMANCE = np.dtype(
    [
        ("ts", "<i8"),  # event time of the trade that changed it
        ("group", "<i4"),  # index into GROUPS
        ("index", "<i4"),  # 0; index of the strategy; of the bucket
        ("trades", "<i8"),
        ("wins", "<i8"),  # net of costs
        ("losses", "<i8"),
        ("streak", "<i8"),  # wins in a row; below 0: losses in a row
        ("pnl", "<f8"),  # quote units, net
        ("gains", "<f8"),  # sum of what winners earned
        ("losings", "<f8"),  # sum of what losers lost, above 0
        ("r", "<f8"),  # sum of R, net
        ("r_squares", "<f8"),
        ("best_pnl", "<f8"),  # highest running sum of pnl, 0 at first
        ("drawdown", "<f8"),  # deepest fall from it, quote units, at least 0
        ("probability", "<f8"),  # sum of the calibrated probabilities of the trades that had one
        ("predicted", "<i8"),  # how many had one
        ("brier", "<f8"),  # sum of (probability - won)²
        ("day", "<i8"),  # UTC day of the newest trade, since 1970
        ("day_return", "<f8"),  # what it earned so far, as a share of the equity before each trade
        ("days", "<i8"),  # days that ended since the first trade, those without a trade included
        ("returns", "<f8"),  # sum of their returns
        ("return_squares", "<f8"),
    ]
)

WIN_STREAK, LOSS_STREAK, DRAWDOWN, DEGRADED, RECOVERED = range(5)
ALERTS = ("win_streak", "loss_streak", "drawdown", "degraded", "recovered")
LEVELS = ("info", "warning", "warning", "warning", "info")
"""Severity of each kind of alert."""

ALERT = np.dtype(
    [
        ("ts", "<i8"),
        ("kind", "<i4"),  # index into ALERTS
        ("strategy", "<i4"),  # -1: the whole account
        ("count", "<i8"),  # trades behind it
        ("value", "<f8"),  # length of the streak; drawdown, a fraction; mean R
        ("bound", "<f8"),  # the other end of the interval for mean R; NaN else
    ]
)


class Performance(msgspec.Struct, frozen=True, kw_only=True):
    """Performance of a group of trades, net of costs: sums and counts, as of its newest trade.

    `group` is overall, signal_type or confidence; `name` is the strategy, or the bucket such as "0.5-0.6".
    Amounts are in quote units; `r` is in units of the planned risk. `account` is that of the branch.
    """

    group: str
    name: str
    last_updated: datetime
    total_trades: int
    wins: int
    losses: int
    streak: int
    total_pnl: float
    gains: float
    losings: float
    total_r: float
    r_squares: float
    max_drawdown: float
    predicted: int
    probability_sum: float
    brier_sum: float
    days: int
    day_returns: float
    day_return_squares: float
    account: Branch = INSTRUMENTS


class Alert(msgspec.Struct, frozen=True, kw_only=True):
    """A performance alert; `signal_type` is null if it concerns the whole account."""

    id: str
    kind: str
    level: Literal["info", "warning"]
    message: str
    at: datetime
    signal_type: str | None
    value: float
    trades: int
