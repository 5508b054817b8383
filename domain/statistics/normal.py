"""Normal: distribution function and quantiles of the standard normal."""

import math
from statistics import NormalDist
from typing import Final

_STANDARD: Final = NormalDist()


def cdf(z: float) -> float:
    """Share of a standard normal at or below `z`, exact in both tails.

    Examples
    --------
    >>> cdf(1.959963984540054)
    0.975
    """
    return 0.5 * math.erfc(-z / math.sqrt(2.0))


def quantile(p: float) -> float:
    """The z at or below which a share `p` in (0, 1) lies (Wichura 1988, AS 241).

    Examples
    --------
    >>> quantile(0.975)
    1.959963984540054
    """
    return _STANDARD.inv_cdf(p)
