"""Performance: what graded signals earned, with n and the uncertainty beside each figure."""

import math
from typing import Any

import msgspec
import numpy as np
from numpy.typing import ArrayLike, NDArray

from domain.statistics import normal
from domain.statistics.intervals import Interval, wilson
from domain.statistics.sums import add, no_sums

SMALL = 30
"""Effective results under which figures are shown but flagged."""


class Performance(msgspec.Struct, frozen=True, kw_only=True):
    """Figures of n results in R (or money); None where undefined.

    Attributes
    ----------
    n, wins, losses, breakevens
        n counts all that were entered and resolved, those that expired included.
    n_effective
        Sum of uniqueness: overlapping signals are not independent. Standard errors and intervals
        use it.
    small
        Fewer than `SMALL` effective results.
    win_rate, win_rate_interval
        Wins over n, and Wilson's interval.
    mean, se, interval
        Expectancy, its standard error and its interval by the normal distribution.
    total, best, worst
        In R.
    average_win, average_loss
        In R; the loss is negative.
    profit_factor, no_losses
        Gains over losses; None and the flag if nothing was lost.
    expectancy_ratio
        (1 + average win / average loss) × win rate − 1; None without a loss.
    sqn, sqn_100
        System quality number, √n × mean / standard deviation, and the same with n capped at 100.
    per_trade_sharpe
        Mean over standard deviation. Per trade; never annualised.
    max_drawdown
        Deepest fall of the running total, never above 0. None if the order is not known.
    forecasts
        Results for which a probability was stated; the next three are of these.
    predicted_rate, realised_rate
        Mean probability, and share that won.
    brier
        Mean squared error of the probability.
    """

    n: int
    n_effective: float
    small: bool
    wins: int
    losses: int
    breakevens: int
    win_rate: float | None
    win_rate_interval: Interval | None
    mean: float | None
    se: float | None
    interval: Interval | None
    total: float
    best: float | None
    worst: float | None
    average_win: float | None
    average_loss: float | None
    profit_factor: float | None
    no_losses: bool
    expectancy_ratio: float | None
    sqn: float | None
    sqn_100: float | None
    per_trade_sharpe: float | None
    max_drawdown: float | None
    forecasts: int
    predicted_rate: float | None
    realised_rate: float | None
    brier: float | None


def performance(
    results: ArrayLike,
    *,
    uniqueness: ArrayLike | None = None,
    probabilities: ArrayLike | None = None,
    confidence: float = 0.95,
) -> Performance:
    """The figures of one group of results, in time order; NaN (never entered) is left out.

    Examples
    --------
    >>> figures = performance([10.0, 0.0, -10.0])
    >>> figures.n, figures.mean, figures.win_rate, figures.profit_factor
    (3, 0.0, 0.3333333, 1.0)
    >>> performance([1.0, 2.0]).profit_factor is None
    True
    """
    row = no_sums(1)
    values = np.asarray(results, np.float64)
    add(row, np.zeros(len(values), np.intp), values, uniqueness=uniqueness, probabilities=probabilities)
    return of_sums(row[0], confidence=confidence)


def of_sums(row: Any, *, confidence: float = 0.95) -> Performance:
    """The figures behind one row of `domain.statistics.sums.SUMS`."""
    n, wins, losses = int(row["n"]), int(row["wins"]), int(row["losses"])
    effective = min(float(row["effective"]), float(n))
    total, gains, lost = float(row["total"]), float(row["gains"]), float(row["lost"])
    mean = total / n if n else None
    sd = _sd(row)
    se = None if sd is None or effective <= 0 else sd / math.sqrt(effective)
    win_rate = wins / n if n else None
    average_win = gains / wins if wins else None
    average_loss = -lost / losses if losses else None
    ratio = None if sd is None or mean is None else mean / sd
    forecasts = int(row["forecasts"])
    return Performance(
        n=n,
        n_effective=effective,
        small=effective < SMALL,
        wins=wins,
        losses=losses,
        breakevens=n - wins - losses,
        win_rate=win_rate,
        win_rate_interval=None if win_rate is None else wilson(win_rate * effective, effective, confidence=confidence),
        mean=mean,
        se=se,
        interval=None if mean is None or se is None else _around(mean, se, confidence),
        total=total,
        best=float(row["greatest"]) if n else None,
        worst=float(row["least"]) if n else None,
        average_win=average_win,
        average_loss=average_loss,
        profit_factor=gains / lost if lost > 0 else None,
        no_losses=n > 0 and losses == 0,
        expectancy_ratio=_expectancy_ratio(win_rate, average_win, average_loss),
        sqn=None if ratio is None else ratio * math.sqrt(n),
        sqn_100=None if ratio is None else ratio * math.sqrt(min(n, 100)),
        per_trade_sharpe=ratio,
        max_drawdown=float(row["drawdown"]) if n and not math.isnan(row["drawdown"]) else None,
        forecasts=forecasts,
        predicted_rate=float(row["predicted"]) / forecasts if forecasts else None,
        realised_rate=int(row["forecast_wins"]) / forecasts if forecasts else None,
        brier=float(row["squared_error"]) / forecasts if forecasts else None,
    )


def by_group(rows: NDArray[Any], *, confidence: float = 0.95) -> list[Performance]:
    """The figures of each row of `SUMS`."""
    return [of_sums(row, confidence=confidence) for row in rows]


def _sd(row: Any) -> float | None:
    """Sample standard deviation; None if no two results differ."""
    n = int(row["n"])
    if n < 2 or row["least"] == row["greatest"]:
        return None
    variance = (float(row["squares"]) - float(row["total"]) ** 2 / n) / (n - 1)
    return math.sqrt(variance) if variance > 0 else None


def _around(mean: float, se: float, confidence: float) -> Interval:
    half = normal.quantile((1 + confidence) / 2) * se
    return Interval(mean - half, mean + half, confidence)


def _expectancy_ratio(win_rate: float | None, win: float | None, loss: float | None) -> float | None:
    if win_rate is None or not loss:
        return None
    return (1 + (win or 0.0) / -loss) * win_rate - 1
