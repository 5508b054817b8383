"""Daily: equity marks to returns of UTC days, the only returns a Sharpe ratio is taken of.

Per-trade results are never annualised: 96 trades a day would inflate the ratio tenfold.
"""

import msgspec
import numpy as np
from numpy.typing import ArrayLike, NDArray

from domain.clock import DAY
from domain.statistics.sample import Floats


class Daily(msgspec.Struct, frozen=True):
    """Returns of consecutive UTC days, quiet ones included.

    Attributes
    ----------
    first_day
        Days since the epoch, of the first return.
    equity
        At the end of each day.
    returns
        Simple returns of each day.
    """

    first_day: int
    equity: tuple[float, ...]
    returns: tuple[float, ...]


def daily(
    at_ns: ArrayLike,
    equity: ArrayLike,
    *,
    initial: float,
    start_ns: int | None = None,
    end_ns: int | None = None,
) -> Daily:
    """Returns of every UTC day from the start to the end; a day without a mark returned 0.

    Parameters
    ----------
    at_ns, equity
        Marks in time order: net of costs, open positions at their market price. A mark at midnight
        belongs to the day that ends there.
    initial
        Equity before the first mark, positive.
    start_ns, end_ns
        The period, [start, end]; by default that of the marks. Give it: days before the first and
        after the last trade count too.

    Returns
    -------
    Daily
        Empty if there is no mark and no period. After ruin (equity 0 or less) a day returns 0.

    Raises
    ------
    ValueError
        If times go back, the initial equity is not positive, or a mark lies outside the period.

    Examples
    --------
    >>> day = 86_400 * 10**9
    >>> daily([day // 3, day // 2, 2 * day + 1], [105.0, 99.75, 100.0], initial=100.0, start_ns=0).returns
    (-0.0025, 0.0, 0.00250626566)
    """
    times, marks = np.asarray(at_ns, np.int64), np.asarray(equity, np.float64)
    if initial <= 0:
        raise ValueError(f"initial equity {initial} is not positive")
    if (np.diff(times) < 0).any():
        raise ValueError("equity marks go back in time; give them in time order")
    if not np.isfinite(marks).all():
        raise ValueError("an equity mark is not a number; mark what is open at its last known price")
    if not len(times) and (start_ns is None or end_ns is None):
        return Daily(0, (), ())
    start = int(times[0]) if start_ns is None else start_ns
    end = int(times[-1]) if end_ns is None else end_ns
    if len(times) and not start <= times[0] <= times[-1] <= end:
        raise ValueError(f"equity marks from {times[0]} to {times[-1]} lie outside the period {start} to {end}")
    first, last = start // DAY, max((end - 1) // DAY, start // DAY)
    ends = np.arange(first + 1, last + 2, dtype=np.int64) * DAY
    path = np.concatenate([[initial], marks])[np.searchsorted(times, ends, side="right")]
    return Daily(int(first), tuple(path.tolist()), tuple(returns_of(path, initial).tolist()))


def returns_of(equity: NDArray[np.float64], initial: float) -> Floats:
    """Simple returns of an equity path that began at `initial`; 0 once all is lost."""
    before = np.concatenate([[initial], equity[:-1]])
    alive = before > 0
    return np.asarray(np.where(alive, equity / np.where(alive, before, 1.0) - 1.0, 0.0))
