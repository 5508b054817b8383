"""Sharpe: reward per risk of periodic returns, with its standard error.

Give it the net returns of UTC days (`domain.statistics.daily`), 365 a year for markets that never
close, 252 for those that do.
"""

import math

import msgspec
import numpy as np
from numpy.typing import ArrayLike

from domain.statistics.moments import Moments
from domain.statistics.sample import Floats, known


class Sharpe(msgspec.Struct, frozen=True):
    """A Sharpe ratio with its uncertainty. Null where undefined: fewer than 2 returns, or returns without variance.

    Attributes
    ----------
    n
        Number of returns.
    per_period
        Mean over standard deviation (n − 1), in excess of the risk-free rate.
    annualised
        `per_period` × √periods per year.
    se
        Standard error of `annualised`, for independent returns; needs n ≥ 4.
    skewness, kurtosis
        Population moments; 0 and 3 for a normal distribution.
    autocorrelation
        First-order autocorrelation of the returns.
    adjusted
        `annualised` corrected for autocorrelation by Lo's factor.
    adjusted_se
        Standard error of `annualised` where returns follow a first-order autoregression.
    """

    n: int
    per_period: float | None
    annualised: float | None
    se: float | None
    skewness: float | None
    kurtosis: float | None
    autocorrelation: float | None
    adjusted: float | None
    adjusted_se: float | None


def sharpe(returns: ArrayLike, *, periods_per_year: int = 365, risk_free: float = 0.0) -> Sharpe:
    """The Sharpe ratio of simple returns.

    Parameters
    ----------
    returns
        In time order, one per period, quiet periods as 0.
    periods_per_year
        365 for UTC days of markets that never close.
    risk_free
        Annual rate.

    Examples
    --------
    >>> ratio = sharpe([0.01, -0.02, 0.015, -0.005, 0.025])
    >>> ratio.annualised, ratio.n
    (5.403702434442518, 5)
    >>> sharpe([0.01, 0.01]).annualised is None
    True

    References
    ----------
    Sharpe 1994; Lo 2002; Mertens 2002; Bailey and López de Prado 2012; López de Prado, Lipton and
    Zoonekynd 2025.
    """
    sample = known(returns)
    moments = Moments.of(sample)
    if moments.sd is None:
        return Sharpe(moments.n, *[None] * 8)
    ratio = (moments.mean - periodic(risk_free, periods_per_year)) / moments.sd
    year = math.sqrt(periods_per_year)
    lags = autocorrelations(sample, _lags(moments.n))
    first = float(lags[0]) if len(lags) else None
    eta = annualising_factor(lags, periods_per_year)
    se = standard_error(ratio, moments.n, skewness=moments.skewness, kurtosis=moments.kurtosis)
    spread = (
        None
        if first is None or se is None
        else dispersion(ratio, skewness=moments.skewness, kurtosis=moments.kurtosis, autocorrelation=first)
    )
    return Sharpe(
        moments.n,
        ratio,
        ratio * year,
        None if se is None else se * year,
        moments.skewness,
        moments.kurtosis,
        first,
        None if eta is None else ratio * eta,
        None if spread is None else math.sqrt(spread / moments.n) * year,
    )


def periodic(annual: float, periods_per_year: int) -> float:
    """The rate of one period that compounds to `annual`."""
    return math.expm1(math.log1p(annual) / periods_per_year)


def dispersion(
    ratio: float, *, skewness: float | None = 0.0, kurtosis: float | None = 3.0, autocorrelation: float = 0.0
) -> float | None:
    """Variance of an estimated per-period Sharpe ratio, times the number of returns; None if not positive.

    Parameters
    ----------
    ratio
        Per period.
    skewness, kurtosis
        Population moments of the returns; None gives None.
    autocorrelation
        Of a first-order autoregression, in (−1, 1).
    """
    if skewness is None or kurtosis is None or not -1 < autocorrelation < 1:
        return None
    rho, square = autocorrelation, autocorrelation**2
    value = (
        (1 + rho) / (1 - rho)
        - (1 + rho / (1 - rho) + square / (1 - square)) * skewness * ratio
        + (1 + square) / (1 - square) * (kurtosis - 1) / 4 * ratio**2
    )
    return value if value > 0 else None


def standard_error(ratio: float, n: int, *, skewness: float | None = 0.0, kurtosis: float | None = 3.0) -> float | None:
    """Standard error of a per-period Sharpe ratio of n independent returns; None under 4.

    Examples
    --------
    >>> standard_error(0.7079, 134, skewness=-0.2250, kurtosis=2.9570)
    0.1028
    """
    spread = dispersion(ratio, skewness=skewness, kurtosis=kurtosis)
    return None if n < 4 or spread is None else math.sqrt(spread / (n - 1))


def autocorrelations(returns: Floats, lags: int) -> Floats:
    """Of returns with those one to `lags` periods later; empty if nothing varies."""
    apart = returns - returns.mean() if len(returns) else returns
    total = float(apart @ apart)
    if total <= 0:
        return np.empty(0)
    return np.array([float(apart[:-lag] @ apart[lag:]) / total for lag in range(1, min(lags, len(returns) - 1) + 1)])


def annualising_factor(lags: ArrayLike, periods: int) -> float | None:
    """Lo's factor from the ratio of one period to that of `periods`; √periods without autocorrelation.

    Parameters
    ----------
    lags
        Autocorrelations at lags 1, 2, …; later ones count as zero.

    Examples
    --------
    >>> annualising_factor([], 365), annualising_factor([0.2, 0.1], 365)
    (19.105, 15.114)

    References
    ----------
    Lo 2002, The Statistics of Sharpe Ratios, eq. 20.
    """
    rho = np.asarray(lags, np.float64)[: periods - 1]
    radicand = periods + 2 * float((periods - np.arange(1, len(rho) + 1)) @ rho)
    return periods / math.sqrt(radicand) if radicand > 0 else None


def _lags(n: int) -> int:
    """Lags that can be estimated from n returns (Newey and West 1994)."""
    return max(1, math.floor(4 * math.pow(n / 100, 2 / 9)))
