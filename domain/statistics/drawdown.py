"""Drawdown: how far, and for how long, a curve lay under its highest point so far."""

import msgspec
import numpy as np
from numpy.typing import ArrayLike

from domain.statistics.sample import Floats, known


class Drawdown(msgspec.Struct, frozen=True):
    """The maximum drawdown of a curve of n steps. Positions count steps; 0 is the start.

    Attributes
    ----------
    n
        Steps.
    depth
        From peak to trough, never above 0: a fraction of the peak, or R for curves in R. None if n
        is zero.
    peak, trough
        Positions; the start can be the peak. None if the curve never fell.
    recovery
        Position at which the peak was reached again; None if it has not been.
    duration
        Steps from the peak to the recovery, or to the end.
    longest
        Steps of the longest drawdown, which need not be the deepest.
    current
        Depth at the end.
    """

    n: int
    depth: float | None
    peak: int | None
    trough: int | None
    recovery: int | None
    duration: int
    longest: int
    current: float | None


def returns_drawdown(returns: ArrayLike) -> Drawdown:
    """The drawdown of compounded simple returns, as a fraction. After ruin (−1) it stays at −1.

    Examples
    --------
    >>> returns_drawdown([-0.05, 0.02, 0.01, -0.01, 0.03])
    Drawdown(n=5, depth=-0.05, peak=0, trough=1, recovery=None, duration=5, longest=5, current=-0.002)
    """
    curve = equity_curve(known(returns))
    return _deepest(curve, curve / np.maximum.accumulate(curve) - 1.0)


def results_drawdown(results: ArrayLike) -> Drawdown:
    """The drawdown of added results, in their unit (R or money).

    Examples
    --------
    >>> results_drawdown([1.0, -1.0, -0.5, 2.0]).depth
    -1.5
    """
    curve = np.concatenate([[0.0], np.cumsum(known(results))])
    return _deepest(curve, curve - np.maximum.accumulate(curve))


def equity_curve(returns: Floats) -> Floats:
    """Growth of 1 by simple returns, its start included; what is lost stays lost."""
    return np.concatenate([[1.0], np.cumprod(np.maximum(1.0 + returns, 0.0))])


def _deepest(curve: Floats, below: Floats) -> Drawdown:
    n = len(curve) - 1
    if n == 0:
        return Drawdown(0, None, None, None, None, 0, 0, None)
    trough = int(below.argmin())
    at_peak = np.flatnonzero(below >= 0.0)
    gaps = np.diff(at_peak)
    # Two peaks in a row are no fall.
    longest = max(int(gaps[gaps > 1].max(initial=0)), n - int(at_peak[-1]))
    if below[trough] >= 0.0:
        return Drawdown(n, 0.0, None, None, None, 0, 0, 0.0)
    peak = int(at_peak[np.searchsorted(at_peak, trough) - 1])
    after = at_peak[np.searchsorted(at_peak, trough) :]
    recovery = int(after[0]) if len(after) else None
    duration = (n if recovery is None else recovery) - peak
    return Drawdown(n, float(below[trough]), peak, trough, recovery, duration, longest, float(below[-1]))
