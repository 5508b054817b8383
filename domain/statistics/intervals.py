"""Intervals: how far a rate or a mean may lie from what was counted."""

import math

import msgspec

from domain.statistics import normal


class Interval(msgspec.Struct, frozen=True):
    """Confidence interval: it covers the true value in a fraction `confidence` of samples."""

    low: float
    high: float
    confidence: float


def wilson(wins: float, n: float, *, confidence: float = 0.95) -> Interval | None:
    """Wilson's score interval of a rate; None if nothing was counted.

    Parameters
    ----------
    wins, n
        Counts, 0 ≤ wins ≤ n. Where outcomes overlap in time, give effective ones: they need not be
        whole.

    Raises
    ------
    ValueError
        If wins is not within 0 and n.

    Examples
    --------
    >>> wilson(15, 20)
    Interval(low=0.5313, high=0.8881, confidence=0.95)
    >>> wilson(0, 10)
    Interval(low=0.0, high=0.2775, confidence=0.95)

    References
    ----------
    Wilson 1927; Brown, Cai and DasGupta 2001.
    """
    if not 0 <= wins <= n:
        raise ValueError(f"{wins} wins of {n} cannot be; wins lie between 0 and n")
    if n == 0:
        return None
    z = normal.quantile((1 + confidence) / 2)
    wins, n = float(wins), float(n)  # numpy's own numbers do not go to JSON
    rate = wins / n
    grown = 1 + z * z / n
    centre = (rate + z * z / (2 * n)) / grown
    half = z * math.sqrt(rate * (1 - rate) / n + z * z / (4 * n * n)) / grown
    # Rounding must not push a bound past the rate it surrounds: at 0 and n they meet exactly.
    return Interval(max(0.0, min(centre - half, rate)), min(1.0, max(centre + half, rate)), confidence)
