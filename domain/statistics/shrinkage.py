"""Shrinkage: win rates of small groups, shrunk towards that of their parent group."""

import math
from collections.abc import Iterable
from typing import Final

import msgspec
import numpy as np
from numpy.typing import ArrayLike

from domain.clock import DAY
from domain.statistics import beta
from domain.statistics.intervals import Interval

STRENGTH: Final = 20.0
"""Default weight of a prior in outcomes, until it can be estimated (`prior_strength`)."""
_WEAKEST, _STRONGEST = 10.0, 200.0
_GROUPS, _OUTCOMES = 8, 20


class Rate(msgspec.Struct, frozen=True):
    """Posterior of a win rate: a Beta distribution worth (n + strength) outcomes.

    Attributes
    ----------
    mean, se
        Of the posterior.
    n
        Outcomes seen; decayed and weighted ones need not be whole.
    prior, strength
        Prior rate, and its weight in outcomes.
    """

    mean: float
    se: float
    n: float
    prior: float
    strength: float

    def above(self, rate: float) -> float:
        """Probability that the true rate exceeds `rate`."""
        return 1.0 - beta.cdf(rate, *self._ab())

    def interval(self, confidence: float = 0.95) -> Interval:
        """Equal-tailed interval of the true rate."""
        tail = (1 - confidence) / 2
        return Interval(beta.quantile(tail, *self._ab()), beta.quantile(1 - tail, *self._ab()), confidence)

    def _ab(self) -> tuple[float, float]:
        size = self.n + self.strength
        return self.mean * size, (1 - self.mean) * size


def shrink(wins: float, n: float, *, prior: float, strength: float = STRENGTH) -> Rate:
    """Shrunk rate of a group with `wins` in `n`, given the rate of its parent.

    Parameters
    ----------
    wins, n
        Counts, decayed and weighted if wished; 0 ≤ wins ≤ n.
    prior
        Rate of the parent, in (0, 1).
    strength
        Outcomes that the prior counts as, positive.

    Raises
    ------
    ValueError
        If the counts or the prior are impossible.

    Examples
    --------
    >>> shrink(7, 10, prior=0.5).mean
    0.5666667
    """
    # Decayed sums of wins and of outcomes round on their own: a hair above n is n.
    if not -1e-9 <= wins <= n * (1 + 1e-9) + 1e-9:
        raise ValueError(f"{wins} wins of {n} cannot be; wins lie between 0 and n")
    if not 0 < prior < 1 or strength <= 0:
        raise ValueError(
            f"prior {prior} of strength {strength} is impossible; give a rate in (0, 1) and a positive one"
        )
    wins, n = float(wins), float(n)  # numpy's own numbers do not go to JSON
    mean = (min(max(wins, 0.0), n) + strength * prior) / (n + strength)
    return Rate(mean, math.sqrt(mean * (1 - mean) / (n + strength + 1)), n, prior, strength)


def shrink_down(
    levels: Iterable[tuple[float, float]], *, base: float = 0.5, strengths: Iterable[float] | None = None
) -> tuple[Rate, ...]:
    """The rates along one path of a hierarchy, each with its parent's mean as prior.

    Parameters
    ----------
    levels
        (wins, n) of all, of the strategy, of the strategy in the regime, with the symbol, …
    base
        What is believed of all before any outcome, in (0, 1).
    strengths
        One per level; `STRENGTH` each by default.

    Examples
    --------
    >>> everything, strategy = shrink_down([(50, 100), (7, 10)])
    >>> everything.mean, strategy.mean
    (0.5, 0.5666667)
    """
    counted = tuple(levels)
    rates: list[Rate] = []
    for (wins, n), strength in zip(counted, strengths or [STRENGTH] * len(counted), strict=True):
        rates.append(shrink(wins, n, prior=rates[-1].mean if rates else base, strength=strength))
    return tuple(rates)


def prior_strength(wins: ArrayLike, n: ArrayLike) -> float:
    """Weight of the prior of these groups in outcomes, by the method of moments.

    Groups that differ no more than by chance get the strongest prior; groups with fewer than 20 outcomes are
    excluded, and with fewer than 8 groups it is `STRENGTH`.

    Returns
    -------
    float
        In [10, 200].
    """
    won, counted = np.asarray(wins, np.float64), np.asarray(n, np.float64)
    enough = counted >= _OUTCOMES
    won, counted = won[enough], counted[enough]
    if len(counted) < _GROUPS:
        return STRENGTH
    rates, shares = won / counted, counted / counted.sum()
    mean = float(shares @ rates)
    between = float(shares @ np.square(rates - mean)) - float(shares @ (rates * (1 - rates) / counted))
    if between <= 0:
        return _STRONGEST
    return float(np.clip(mean * (1 - mean) / between - 1, _WEAKEST, _STRONGEST))


def history_half_life_ns(outcomes_per_day: float) -> int:
    """200 outcomes or 14 days, whichever is longer."""
    return int(14 * DAY if outcomes_per_day <= 0 else max(14.0, 200 / outcomes_per_day) * DAY)


def moments_to_beta(mean: float, sd: float) -> tuple[float, float]:
    """The Beta(a, b) with this mean and standard deviation.

    Examples
    --------
    >>> moments_to_beta(0.136, 0.103)
    (1.3703, 8.7056)
    """
    size = mean * (1 - mean) / sd**2 - 1
    return mean * size, (1 - mean) * size
