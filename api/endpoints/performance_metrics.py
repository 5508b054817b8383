"""Performance metrics: from sums over trades to win rate, PnL, Sharpe ratio and the rest, each with its uncertainty."""

import math
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from domain.statistics.intervals import Interval
from domain.statistics.performance import of_sums
from domain.statistics.sharpe import Sharpe, sharpe
from domain.statistics.significance import psr
from domain.statistics.sums import no_sums
from store.trade_days import Part


class Metrics(msgspec.Struct, frozen=True, kw_only=True):
    """Metrics of `total_trades` closed paper trades, net of costs; null where undefined.

    Attributes
    ----------
    win_rate
        Share of trades with a positive PnL.
    win_rate_interval
        95 % Wilson interval. The other intervals are 95 % too; trades are assumed to be independent.
    total_pnl, avg_pnl, best_pnl, worst_pnl
        In quote currency.
    profit_factor
        Gross profit over gross loss; null if there was no loss.
    max_drawdown
        Largest peak-to-trough fall of cumulative PnL, in quote currency, at least 0.
    total_r, mean_r, mean_r_se, mean_r_interval
        In R, the risk planned for each trade.
    avg_duration_s
        Mean time from entry to exit.
    sharpe_ratio, sharpe_se
        From the daily returns of the `sharpe_days` days between the first and the last trade, both included, with 0
        for days without a trade; annualised by the square root of 365.
    psr
        Probability that the true Sharpe ratio is above 0.
    forecasts
        Trades that had a probability at the decision; the next three fields are over these.
    predicted_rate, realised_rate, brier
        Mean probability, share of wins, and Brier score (mean squared error).
    """

    total_trades: int
    wins: int
    losses: int
    win_rate: float | None
    win_rate_interval: Interval | None
    total_pnl: float
    avg_pnl: float | None
    best_pnl: float | None
    worst_pnl: float | None
    profit_factor: float | None
    max_drawdown: float | None
    total_r: float
    mean_r: float | None
    mean_r_se: float | None
    mean_r_interval: Interval | None
    avg_duration_s: float | None
    sharpe_ratio: float | None
    sharpe_se: float | None
    sharpe_days: int
    psr: float | None
    forecasts: int
    predicted_rate: float | None
    realised_rate: float | None
    brier: float | None


class PerformanceMetrics(Metrics, frozen=True, kw_only=True):
    """Metrics of one strategy, or of all strategies as "overall"."""

    signal_type: str


class ConfidenceBucket(Metrics, frozen=True, kw_only=True):
    """Metrics of the trades whose probability at the decision fell into one bucket."""

    bucket_min: float
    bucket_max: float


def metric_fields(part: Part | None) -> dict[str, Any]:
    """Compute the fields of `Metrics`; None stands for no trades."""
    row = no_sums(1)
    if part is not None:
        row["n"], row["effective"] = part.trades, part.trades
        row["wins"], row["losses"] = part.wins, part.losses
        row["total"], row["squares"] = part.total_r, part.r_squares
        row["least"], row["greatest"] = part.least_r, part.greatest_r
        row["forecasts"], row["forecast_wins"] = part.predicted, part.predicted_wins
        row["predicted"], row["squared_error"] = part.probability_sum, part.brier_sum
    in_r = of_sums(row[0])
    ratio = daily_sharpe(part.days, part.returns) if part else sharpe([])
    return {
        "total_trades": in_r.n,
        "wins": in_r.wins,
        "losses": in_r.losses,
        "win_rate": in_r.win_rate,
        "win_rate_interval": in_r.win_rate_interval,
        "total_pnl": part.total_pnl if part else 0.0,
        "avg_pnl": part.total_pnl / part.trades if part else None,
        "best_pnl": part.greatest_pnl if part else None,
        "worst_pnl": part.least_pnl if part else None,
        "profit_factor": part.gains / part.losings if part and part.losings > 0 else None,
        "max_drawdown": abs(part.drawdown) if part else None,
        "total_r": in_r.total,
        "mean_r": in_r.mean,
        "mean_r_se": in_r.se,
        "mean_r_interval": in_r.interval,
        "avg_duration_s": part.duration_s / part.trades if part else None,
        "sharpe_ratio": ratio.annualised,
        "sharpe_se": ratio.se,
        "sharpe_days": ratio.n,
        "psr": psr(ratio),
        "forecasts": in_r.forecasts,
        "predicted_rate": in_r.predicted_rate,
        "realised_rate": in_r.realised_rate,
        "brier": in_r.brier,
    }


def signal_type_metrics(name: str, part: Part | None) -> PerformanceMetrics:
    """Metrics of one strategy."""
    return PerformanceMetrics(signal_type=name, **metric_fields(part))


def bucket_metrics(part: Part) -> ConfidenceBucket:
    """Metrics of one confidence bucket; its name is its range, such as "0.5-0.6"."""
    low, _, high = part.name.partition("-")
    return ConfidenceBucket(bucket_min=float(low), bucket_max=float(high), **metric_fields(part))


def daily_sharpe(days: list[int], returns: list[float]) -> Sharpe:
    """Sharpe ratio of the daily returns from the first day to the last, with 0 for missing days."""
    return sharpe(fill_missing_days(days, returns))


def fill_missing_days(days: list[int], returns: list[float]) -> NDArray[np.float64]:
    """Daily returns from the first day to the last, with 0 for missing days.

    Examples
    --------
    >>> fill_missing_days([3, 5], [0.01, -0.02])
    array([ 0.01, 0. , -0.02])
    """
    if not days:
        return np.empty(0)
    series = np.zeros(days[-1] - days[0] + 1)
    series[np.array(days) - days[0]] = returns
    return series


def mean_and_standard_error(n: float, total: float, squares: float) -> tuple[float | None, float | None]:
    """Mean of n values and its standard error; None where undefined.

    Examples
    --------
    >>> mean_and_standard_error(4, 2.0, 4.0)
    (0.5, 0.5)
    >>> mean_and_standard_error(1, 2.0, 4.0)
    (2.0, None)
    """
    if not n:
        return None, None
    mean = total / n
    variance = (squares - total * mean) / (n - 1) if n > 1 else 0.0
    # The variance of equal values is only a rounding error.
    return mean, math.sqrt(variance / n) if variance > 1e-12 * squares else None
