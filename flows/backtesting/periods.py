"""Periods: a warm-up in which the engine only learns, and folds of what is judged.

Everything that learns does so online, from what was settled before, so each judged day is out of
sample whatever fold it is in: the folds show whether a result held throughout or was one lucky month.
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
    """What a part of the judged time brought.

    Attributes
    ----------
    begin, end
        Right-open.
    purged
        Trades decided in it and resolved after it: their results belong to no fold.
    returns
        Of its days.
    results
        Of the other trades that were decided in it.
    """

    begin: datetime
    end: datetime
    purged: int
    returns: Returns
    results: Performance


def judged(first_ns: int, last_ns: int, equity: Rows, *, warmup_share: float) -> Period:
    """The time after the warm-up, from a midnight on if the data has one.

    Parameters
    ----------
    first_ns, last_ns
        Bounds of the data.
    equity
        EQUITY, a row a day.
    warmup_share
        Of the time, in [0, 1).
    """
    begin_ns = first_ns + round(warmup_share * (last_ns - first_ns))
    midnight_ns = -(-begin_ns // DAY) * DAY
    if warmup_share and midnight_ns < last_ns:
        begin_ns = midnight_ns
    return Period(begin_ns, last_ns + 1, equity[equity["day"] > begin_ns])


def warmup(first_ns: int, period: Period, equity: Rows, trades: Rows) -> Fold | None:
    """What came before the judged period; None if nothing did. `trades` are GRADED rows of the whole run."""
    if period.begin_ns <= first_ns:
        return None
    return _fold(first_ns, period.begin_ns, equity[equity["day"] <= period.begin_ns], trades)


def folds(period: Period, trades: Rows, *, count: int) -> list[Fold]:
    """The period in parts of as many whole days, at most `count`.

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
    """Of each day; 0 once all is lost."""
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
