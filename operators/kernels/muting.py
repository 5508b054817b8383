"""Muting: suppress instruments whose win rate is credibly low, until that is no longer credible."""

import math

import numpy as np

from operators.kernels import kernel

_TINY = 1e-300


@kernel
def _fraction(x, a, b):
    """Continued fraction of the incomplete beta function (Lentz's method; DLMF 8.17.22)."""
    c, d = 1.0, 1.0 - (a + b) * x / (a + 1.0)
    d = 1.0 / (d if abs(d) > _TINY else _TINY)
    value = d
    for m in range(1, 1_000):
        for odd in range(2):
            if odd == 0:
                numerator = m * (b - m) * x / ((a + 2.0 * m - 1.0) * (a + 2.0 * m))
            else:
                numerator = -(a + m) * (a + b + m) * x / ((a + 2.0 * m) * (a + 2.0 * m + 1.0))
            d = 1.0 + numerator * d
            d = 1.0 / (d if abs(d) > _TINY else _TINY)
            c = 1.0 + numerator / c
            c = c if abs(c) > _TINY else _TINY
            value *= c * d
        if abs(c * d - 1.0) < 1e-14:
            break
    return value


@kernel
def beta_share(x, a, b):
    """CDF of the Beta(a, b) distribution at `x` in (0, 1): the regularised incomplete beta function."""
    front = np.exp(math.lgamma(a + b) - math.lgamma(a) - math.lgamma(b) + a * np.log(x) + b * np.log1p(-x))
    if x < (a + 1.0) / (a + b + 2.0):
        return front * _fraction(x, a, b) / a
    return 1.0 - front * _fraction(1.0 - x, b, a) / b


@kernel
def muted(track, before, poor, mute_at, unmute_at):
    """Whether an instrument is muted after an outcome.

    It becomes muted when the posterior probability that its win rate is below `poor` reaches `mute_at`, and stays
    muted until that probability falls below `unmute_at`. The prior is uniform, so that only its own record counts,
    not that of the market.
    """
    sure = beta_share(poor, 1.0 + track.wins, 1.0 + max(0.0, track.count - track.wins))
    return sure >= (unmute_at if before else mute_at)
