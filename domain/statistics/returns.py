"""Returns: the usual figures of a series of periodic returns, together, with their n."""

import math

import msgspec
import numpy as np
from numpy.typing import ArrayLike

from domain.statistics.drawdown import Drawdown, equity_curve, returns_drawdown
from domain.statistics.moments import Moments
from domain.statistics.sample import known
from domain.statistics.sharpe import Sharpe, periodic, sharpe
from domain.statistics.significance import psr, track_record

SHORT = 30
"""Periods under which nothing is extrapolated to a year."""


class Returns(msgspec.Struct, frozen=True, kw_only=True):
    """Statistics of periodic returns; null where undefined, and annualised ones also if n is under `SHORT`.

    Attributes
    ----------
    n, periods_per_year
        Number of returns, and of periods per year.
    total
        Compounded return.
    cagr
        Compound annual growth rate.
    volatility
        Annualised standard deviation.
    sharpe
        Sharpe ratio with its standard error.
    sortino
        Annualised mean over downside deviation.
    drawdown
        Drawdown of the compounded equity curve.
    calmar
        `cagr` over the depth of the drawdown.
    psr
        Probability that the true Sharpe ratio is above zero.
    minimum_track_record
        Periods that a Sharpe ratio of this size needs to be significant at 95 %.
    """

    n: int
    periods_per_year: int
    total: float | None
    cagr: float | None
    volatility: float | None
    sharpe: Sharpe
    sortino: float | None
    drawdown: Drawdown
    calmar: float | None
    psr: float | None
    minimum_track_record: float | None


def returns(values: ArrayLike, *, periods_per_year: int = 365, risk_free: float = 0.0) -> Returns:
    """All figures of simple returns in time order, quiet periods as 0.

    Examples
    --------
    >>> figures = returns([0.01, -0.02, 0.015, -0.005, 0.025])
    >>> figures.total, figures.sortino, figures.cagr
    (0.0246144, 10.3611264, None)
    """
    sample = known(values)
    ratio = sharpe(sample, periods_per_year=periods_per_year, risk_free=risk_free)
    fall = returns_drawdown(sample)
    long = len(sample) >= SHORT
    growth = cagr(sample, periods_per_year=periods_per_year) if long else None
    sd = Moments.of(sample).sd
    return Returns(
        n=len(sample),
        periods_per_year=periods_per_year,
        total=float(equity_curve(sample)[-1]) - 1 if len(sample) else None,
        cagr=growth,
        volatility=None if sd is None else sd * math.sqrt(periods_per_year),
        sharpe=ratio,
        sortino=sortino(sample, periods_per_year=periods_per_year, required=periodic(risk_free, periods_per_year)),
        drawdown=fall,
        calmar=growth / -fall.depth if growth is not None and fall.depth else None,
        psr=psr(ratio),
        minimum_track_record=track_record(ratio),
    )


def sortino(values: ArrayLike, *, periods_per_year: int = 365, required: float = 0.0) -> float | None:
    """Mean excess over downside deviation, a year; None if no return is below what is required.

    Parameters
    ----------
    values
        Simple returns.
    required
        Minimum acceptable return of one period. The deviation below it is taken over all periods.

    References
    ----------
    Sortino and Price 1994.
    """
    sample = known(values)
    if not len(sample):
        return None
    deviation = math.sqrt(float(np.square(np.minimum(sample - required, 0.0)).mean()))
    if deviation == 0:
        return None
    return (float(sample.mean()) - required) / deviation * math.sqrt(periods_per_year)


def cagr(values: ArrayLike, *, periods_per_year: int = 365) -> float | None:
    """Compound growth a year; −1 once all is lost, None if empty or beyond any number."""
    sample = known(values)
    if not len(sample):
        return None
    end = float(equity_curve(sample)[-1])
    if end <= 0:
        return -1.0
    exponent = math.log(end) * periods_per_year / len(sample)
    return math.expm1(exponent) if exponent < 700 else None
