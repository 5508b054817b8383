"""Card: the complete report of a track record, in reading order: the verdict first."""

import msgspec
import numpy as np
from numpy.typing import ArrayLike

from domain.statistics.overfitting import Overfitting
from domain.statistics.performance import Performance, performance
from domain.statistics.reliability import Reliability, reliability
from domain.statistics.returns import Returns, returns
from domain.statistics.trials import Trials
from domain.statistics.verdict import Verdict, judge


class Costs(msgspec.Struct, frozen=True):
    """What was assumed to be paid, of the price, for each side, and how late orders came."""

    fee_pct: float
    slippage_pct: float
    latency_s: float


class Card(msgspec.Struct, frozen=True, kw_only=True):
    """A track record.

    Attributes
    ----------
    verdict
        The verdict and its reasons.
    returns
        Figures of net daily returns.
    results
        Figures of single results, in R.
    calibration
        Of the probabilities stated at the decisions.
    overfitting
        None unless several variants were tried on the data.
    costs
        Assumptions.
    """

    verdict: Verdict
    returns: Returns
    results: Performance
    calibration: Reliability
    overfitting: Overfitting | None
    costs: Costs


def card(
    daily_returns: ArrayLike,
    results: ArrayLike,
    *,
    tried: Trials,
    costs: Costs,
    uniqueness: ArrayLike | None = None,
    probabilities: ArrayLike | None = None,
    overfitting: Overfitting | None = None,
    periods_per_year: int = 365,
) -> Card:
    """The card of a track record.

    Parameters
    ----------
    daily_returns
        Net, marked to market, quiet days as 0 (`domain.statistics.daily`).
    results
        Net, in R, in the order they were settled; NaN if never entered.
    tried
        All attempts on the same data, this one included.
    costs
        As they were taken off.
    uniqueness, probabilities
        Of each result (`domain.statistics.uniqueness`); probabilities as stated at the decision, NaN if
        none was.
    overfitting
        Of all variants that were tried.

    Examples
    --------
    >>> record = card([0.01, -0.01, 0.0], [1.0, -1.0], tried=Trials(1, None), costs=Costs(0.05, 0.02, 0.5))
    >>> record.verdict.verdict, record.results.n
    ('INSUFFICIENT', 2)
    """
    net = np.asarray(results, np.float64)
    figures = returns(daily_returns, periods_per_year=periods_per_year)
    graded = performance(net, uniqueness=uniqueness, probabilities=probabilities)
    stated = np.full(len(net), np.nan) if probabilities is None else np.asarray(probabilities, np.float64)
    return Card(
        verdict=judge(figures.sharpe, n=graded.n, n_effective=graded.n_effective, tried=tried),
        returns=figures,
        results=graded,
        calibration=reliability(np.where(np.isnan(net), np.nan, stated), net > 0),
        overfitting=overfitting,
        costs=costs,
    )
