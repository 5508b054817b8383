"""Trials: correction of the best of many attempts for multiple testing.

All ratios here are per period, not annualised.
"""

import math
from typing import Final

import msgspec
import numpy as np
from numpy.typing import ArrayLike

from domain.statistics import normal
from domain.statistics.moments import Moments
from domain.statistics.sample import known
from domain.statistics.sharpe import Sharpe
from domain.statistics.significance import psr

_EULER: Final = 0.5772156649015329


class Trials(msgspec.Struct, frozen=True):
    """All attempts on one data set, the failed ones included.

    Attributes
    ----------
    n
        Attempts.
    variance
        Of their Sharpe ratios per period; None for one attempt.
    """

    n: int
    variance: float | None


def trials(ratios: ArrayLike) -> Trials:
    """The trials whose Sharpe ratios per period these are.

    An attempt whose ratio is undefined (NaN) counts as an attempt, but has no ratio to vary.

    Examples
    --------
    >>> trials([0.05, 0.10, float("nan")])
    Trials(n=3, variance=0.00125)
    """
    sd = Moments.of(known(ratios)).sd
    return Trials(np.size(np.asarray(ratios)), None if sd is None else sd**2)


def expected_maximum(n: float) -> float:
    """Expected largest of n independent standard normals, to a good approximation; 0 for one.

    Examples
    --------
    >>> expected_maximum(100)
    2.5306028932016846

    References
    ----------
    Bailey and López de Prado 2014, The Deflated Sharpe Ratio.
    """
    if n <= 1:
        return 0.0
    value = (1 - _EULER) * normal.quantile(1 - 1 / n) + _EULER * normal.quantile(1 - 1 / (n * math.e))
    return max(0.0, value)


def deflated_benchmark(tried: Trials) -> float | None:
    """The Sharpe ratio that the best of so many attempts without skill would show.

    None if several were tried and their variance is not known.
    """
    if tried.n <= 1:
        return 0.0
    return None if tried.variance is None else math.sqrt(tried.variance) * expected_maximum(tried.n)


def deflated_sharpe(ratio: Sharpe, tried: Trials) -> float | None:
    """Probability that the ratio is better than luck over all trials would explain.

    Never above `psr(ratio)`; equal to it for a single trial.

    References
    ----------
    Bailey and López de Prado 2014, The Deflated Sharpe Ratio.
    """
    benchmark = deflated_benchmark(tried)
    return None if benchmark is None else psr(ratio, benchmark=benchmark)


def effective_trials(n: int, mean_correlation: float) -> float:
    """How many independent trials n correlated ones amount to.

    Examples
    --------
    >>> effective_trials(100, 0.25)
    75.25
    """
    return mean_correlation + (1 - mean_correlation) * n


def minimum_backtest_years(n: float, annualised: float) -> float | None:
    """Years below which the best of n trials without skill is expected to reach this Sharpe ratio a year.

    None for a ratio of zero or less.

    Examples
    --------
    >>> minimum_backtest_years(45, 1.0)
    4.998087004

    References
    ----------
    Bailey, Borwein, López de Prado and Zhu 2014, Pseudo-Mathematics and Financial Charlatanism.
    """
    return (expected_maximum(n) / annualised) ** 2 if annualised > 0 else None
