"""Periods: the warm-up in which the engine only learns, and the folds of the evaluated period.

All learning is online, from earlier outcomes, so each evaluated day is out of sample, whatever its fold: the
folds show whether a result is stable or comes from one lucky month.
"""

from datetime import datetime
from typing import Any, NamedTuple

import msgspec
import numpy as np
from numpy.typing import NDArray

from domain.clock import DAY, to_datetime
from domain.statistics.performance import Performance
from domain.statistics.returns import Returns, returns
from flows.backtesting.tables import figures

Rows = NDArray[Any]


class Period(NamedTuple):
    """From `begin_ns` to `end_ns`, right-open, with the days of the account that end in it."""

    begin_ns: int
    end_ns: int
    days: Rows


class Fold(msgspec.Struct, frozen=True, kw_only=True):
    """Results of a part of the evaluated period.

    Attributes
    ----------
    begin, end
        Bounds, right-open.
    purged
        Number of trades decided in it and closed after it: their results belong to no fold.
    returns
        Statistics of its daily returns.
    results
        Statistics of the other trades that were decided in it.
    """

    begin: datetime
    end: datetime
    purged: int
    returns: Returns
    results: Performance


def judged(first_ns: int, last_ns: int, equity: Rows, *, warmup_share: float) -> Period:
    """The period after the warm-up, starting at a midnight if the data has one.

    Parameters
    ----------
    first_ns, last_ns
        Bounds of the data.
    equity
        EQUITY, one row per day.
    warmup_share
        Share of the time, in [0, 1).
    """
    begin_ns = first_ns + round(warmup_share * (last_ns - first_ns))
    midnight_ns = -(-begin_ns // DAY) * DAY
    if warmup_share and midnight_ns < last_ns:
        begin_ns = midnight_ns
    return Period(begin_ns, last_ns + 1, equity[equity["day"] > begin_ns])


def warmup(first_ns: int, period: Period, equity: Rows, trades: Rows) -> Fold | None:
    """The warm-up before the evaluated period; None if there is none. `trades` are GRADED rows of the whole run."""
    if period.begin_ns <= first_ns:
        return None
    return _fold(first_ns, period.begin_ns, equity[equity["day"] <= period.begin_ns], trades)


def folds(period: Period, trades: Rows, *, count: int) -> list[Fold]:
    """Divide the period into at most `count` folds of equally many whole days.

    Parameters
    ----------
    trades
        GRADED rows decided in the period.
    """
    parts = [days for days in np.array_split(period.days, count) if days.size]
    begins = [period.begin_ns, *(int(days["day"][0]) - DAY for days in parts[1:])]
    ends = [*begins[1:], period.end_ns]
    return [_fold(*part, trades) for part in zip(begins, ends, parts, strict=True)] if parts else []


def daily_returns(days: Rows) -> NDArray[np.float64]:
    """Daily returns; 0 after the account has lost everything."""
    return np.where(np.isfinite(days["return"]), days["return"], 0.0)


def _fold(begin_ns: int, end_ns: int, days: Rows, trades: Rows) -> Fold:
    mine = trades[(trades["ts"] >= begin_ns) & (trades["ts"] < end_ns)]
    known = mine[mine["exit_at"] <= end_ns]
    return Fold(
        begin=to_datetime(begin_ns),
        end=to_datetime(end_ns),
        purged=mine.size - known.size,
        returns=returns(daily_returns(days)),
        results=figures(known),
    )
