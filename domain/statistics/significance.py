"""Significance of a Sharpe ratio: probabilistic Sharpe ratio and minimum track record length.

All ratios here are per period, not annualised.
"""

from domain.statistics import normal
from domain.statistics.sharpe import Sharpe, dispersion, standard_error


def probabilistic_sharpe(
    ratio: float,
    n: int,
    *,
    benchmark: float = 0.0,
    skewness: float | None = 0.0,
    kurtosis: float | None = 3.0,
) -> float | None:
    """Probability that the true Sharpe ratio exceeds `benchmark`; None under 4 returns.

    Parameters
    ----------
    ratio, benchmark
        Per period.
    n
        Returns.
    skewness, kurtosis
        Population moments of the returns.

    Examples
    --------
    >>> probabilistic_sharpe(1.585 / 12**0.5, 24, skewness=-2.448, kurtosis=10.164)
    0.91323430688486018

    References
    ----------
    Bailey and López de Prado 2012, The Sharpe Ratio Efficient Frontier. The test of 2025 by the
    latter takes the variance under the benchmark instead, and n for n − 1.
    """
    error = standard_error(ratio, n, skewness=skewness, kurtosis=kurtosis)
    return None if error is None else normal.cdf((ratio - benchmark) / error)


def minimum_track_record(
    ratio: float,
    *,
    benchmark: float = 0.0,
    skewness: float | None = 0.0,
    kurtosis: float | None = 3.0,
    confidence: float = 0.95,
) -> float | None:
    """Periods after which a ratio as high as this would be significant.

    Returns
    -------
    float or None
        None if the ratio does not exceed the benchmark: no record would be long enough.

    Examples
    --------
    >>> round(minimum_track_record(1.5 / 365**0.5))
    441
    """
    spread = dispersion(ratio, skewness=skewness, kurtosis=kurtosis)
    if spread is None or ratio <= benchmark:
        return None
    return 1 + spread * (normal.quantile(confidence) / (ratio - benchmark)) ** 2


def psr(ratio: Sharpe, *, benchmark: float = 0.0) -> float | None:
    """`probabilistic_sharpe` of a measured ratio; `benchmark` is per period."""
    if ratio.per_period is None:
        return None
    return probabilistic_sharpe(
        ratio.per_period, ratio.n, benchmark=benchmark, skewness=ratio.skewness, kurtosis=ratio.kurtosis
    )


def track_record(ratio: Sharpe, *, benchmark: float = 0.0, confidence: float = 0.95) -> float | None:
    """`minimum_track_record` of a measured ratio; `benchmark` is per period."""
    if ratio.per_period is None:
        return None
    return minimum_track_record(
        ratio.per_period,
        benchmark=benchmark,
        skewness=ratio.skewness,
        kurtosis=ratio.kurtosis,
        confidence=confidence,
    )
