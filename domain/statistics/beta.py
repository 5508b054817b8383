"""Beta distribution, the posterior of a rate after wins and losses: CDF and quantiles."""

import math
from typing import Final

_TERMS: Final = 10_000
_TINY: Final = 1e-300


def cdf(x: float, a: float, b: float) -> float:
    """Share of Beta(a, b) at or below `x`: the regularised incomplete beta function.

    Parameters
    ----------
    x
        A rate; below 0 the share is 0, above 1 it is 1.
    a, b
        Positive: wins and losses, prior ones included.

    Examples
    --------
    >>> cdf(0.5, 8.0, 4.0)
    0.11328125
    """
    if a <= 0 or b <= 0:
        raise ValueError(f"Beta({a}, {b}) is no distribution; both numbers must be positive")
    if x <= 0:
        return 0.0
    if x >= 1:
        return 1.0
    front = math.exp(math.lgamma(a + b) - math.lgamma(a) - math.lgamma(b) + a * math.log(x) + b * math.log1p(-x))
    # The fraction converges fast on this side of the mean only; the other side is its mirror.
    if x < (a + 1) / (a + b + 2):
        return front * _fraction(x, a, b) / a
    return 1.0 - front * _fraction(1 - x, b, a) / b


def quantile(p: float, a: float, b: float) -> float:
    """The rate at or below which a share `p` in [0, 1] of Beta(a, b) lies, by bisection.

    Examples
    --------
    >>> quantile(0.05, 16.0, 6.0)
    0.563023683969
    """
    low, high = 0.0, 1.0
    while True:
        middle = (low + high) / 2
        if middle in (low, high):
            return middle
        if cdf(middle, a, b) < p:
            low = middle
        else:
            high = middle


def _fraction(x: float, a: float, b: float) -> float:
    """The continued fraction of the incomplete beta function (Lentz; DLMF 8.17.22)."""
    c, d = 1.0, 1.0 - (a + b) * x / (a + 1)
    d = 1 / (d if abs(d) > _TINY else _TINY)
    value = d
    for m in range(1, _TERMS):
        for numerator in (
            m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m)),
            -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1)),
        ):
            d = 1 + numerator * d
            d = 1 / (d if abs(d) > _TINY else _TINY)
            c = 1 + numerator / c
            c = c if abs(c) > _TINY else _TINY
            value *= c * d
        if abs(c * d - 1) < 1e-15:
            break
    return value
