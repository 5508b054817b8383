"""Thresholds: minimum probability of a signal, from the results of all candidates at each level.

Suppressed candidates are graded too, so every level is evaluated on all candidates.
"""

import math
from typing import Any, Final

import msgspec
import numpy as np
from numpy.typing import ArrayLike

from domain.clock import HOUR
from domain.statistics.decay import DecayedSums
from domain.statistics.sample import Floats

LEVELS: Final = 21
HIGHEST: Final = 0.95
Z: Final = 1.28
"""Standard errors that the mean result must lie above zero: one-sided 90 %."""
SHRINKAGE: Final = 30.0
"""Outcomes of all regimes that those of one are pooled with."""
FEW: Final = 30.0
"""Effective outcomes under which a threshold stays where it is."""


class Level(msgspec.Struct, frozen=True):
    """What candidates at or above one probability earned; figures are None if undefined.

    Attributes
    ----------
    probability
        The level.
    n, n_effective
        Decayed count, and how many independent outcomes it is worth.
    mean, lower
        Mean result in R, and its lower confidence bound.
    per_hour
        Candidates an hour at the present rate.
    """

    probability: float
    n: float
    n_effective: float
    mean: float | None
    lower: float | None
    per_hour: float


class Thresholds:
    """Decayed results of candidates by regime and level of probability.

    Parameters
    ----------
    regimes
        Number of regimes.
    half_life_ns
        In event time.
    lowest, levels
        The grid: `levels` probabilities from `lowest` to 0.95.

    Examples
    --------
    >>> thresholds = Thresholds(regimes=1, half_life_ns=10**15)
    >>> thresholds.add([0] * 100, [0] * 100, [0.5, 0.7] * 50, [-1.0, 1.5, -1.1, 1.0] * 25)
    >>> level = thresholds.choose(0, 0, break_even=0.4)
    >>> level.probability, level.mean
    (0.51, 1.25)
    """

    def __init__(self, regimes: int, half_life_ns: int, *, lowest: float = 0.4, levels: int = LEVELS) -> None:
        self.grid = np.linspace(lowest, HIGHEST, levels)
        self._sums = DecayedSums(regimes * (levels + 1), 5, half_life_ns)

    def add(
        self,
        regimes: ArrayLike,
        at_ns: ArrayLike,
        probabilities: ArrayLike,
        results: ArrayLike,
        uniqueness: ArrayLike | None = None,
    ) -> None:
        """Add graded candidates, emitted or suppressed, in the order they were settled.

        Parameters
        ----------
        regimes, at_ns
            Of each: code of the regime at the decision, and event time of the outcome.
        probabilities
            Calibrated, as stated at the decision; NaN is left out.
        results
            Net, in R; NaN (never entered) is left out.
        uniqueness
            In (0, 1]; 1 if not given.
        """
        p, r = np.asarray(probabilities, np.float64), np.asarray(results, np.float64)
        own = np.ones(len(p)) if uniqueness is None else np.asarray(uniqueness, np.float64)
        use = np.isfinite(p) & np.isfinite(r)
        p, r, own = p[use], r[use], own[use]
        # Place 0 is below the grid; a candidate counts for its level and all beneath, summed on reading.
        place = np.asarray(regimes, np.intp)[use] * (len(self.grid) + 1) + np.searchsorted(self.grid, p, side="right")
        values = np.column_stack([np.ones(len(p)), own, own * r, own * r * r, own * own])
        self._sums.add(place, np.asarray(at_ns, np.int64)[use], values)

    def levels(self, regime: int, now_ns: int) -> tuple[Level, ...]:
        """The grid of a regime, drawn towards that of all regimes where it has seen little."""
        cells = self._sums.at(now_ns).reshape(-1, len(self.grid) + 1, 5)
        above = cells[:, ::-1].cumsum(axis=1)[:, ::-1][:, 1:]
        hours = self._sums.half_life_ns / math.log(2) / HOUR
        return tuple(
            _level(float(probability), own, everything, hours)
            for probability, own, everything in zip(self.grid, above[regime], above.sum(axis=0), strict=True)
        )

    def choose(self, regime: int, now_ns: int, *, break_even: float, most_per_hour: float = math.inf) -> Level:
        """The lowest level that pays: at or above break-even, its lower bound above zero, within the rate.

        The highest level if none is: where nothing is credibly profitable, almost nothing is emitted.
        """
        grid = self.levels(regime, now_ns)
        for level in grid:
            pays = level.lower is not None and level.lower > 0
            if level.probability >= break_even and pays and level.per_hour <= most_per_hour:
                return level
        return grid[-1]

    def snapshot(self) -> tuple[Any, ...]:
        """All that is remembered."""
        return float(self.grid[0]), len(self.grid), *self._sums.snapshot()

    @classmethod
    def restore(cls, snapshot: tuple[Any, ...]) -> "Thresholds":
        """The thresholds that took `snapshot`."""
        lowest, levels, *sums = snapshot
        restored = cls(1, 1, lowest=lowest, levels=levels)
        restored._sums = DecayedSums.restore(tuple(sums))
        return restored


def slew(current: float, wanted: Level, *, break_even: float, step: float = 0.02) -> float:
    """The next threshold: towards the wanted one by at most `step`, within [break_even, 0.95].

    It stays where it is while the wanted level rests on few outcomes, or lies less than half a step away.

    Examples
    --------
    >>> slew(0.50, Level(0.60, 90.0, 80.0, 0.2, 0.1, 3.0), break_even=0.44)
    0.52
    >>> slew(0.50, Level(0.60, 9.0, 8.0, 0.2, 0.1, 3.0), break_even=0.44)
    0.5
    """
    lowest = min(break_even, HIGHEST)
    apart = wanted.probability - current
    if wanted.n_effective < FEW or abs(apart) < step / 2:
        return min(max(current, lowest), HIGHEST)
    return min(max(current + min(max(apart, -step), step), lowest), HIGHEST)


def guard(threshold: float, *, lost: bool, target: float, rate: float = 0.005) -> float:
    """Adaptive conformal control: up a little after a loss, down less after a win; losses tend to `target`.

    After T outcomes the share lost lies within (max(t, 1 − t) + rate) / (rate × T) of the target,
    where t is the threshold at first, if a threshold of 1 emits nothing and one of 0 emits all.

    Examples
    --------
    >>> guard(0.6, lost=True, target=0.4)
    0.603

    References
    ----------
    Gibbs and Candès 2021, Adaptive Conformal Inference Under Distribution Shift.
    """
    return min(1.0, max(0.0, threshold + rate * (float(lost) - target)))


def _level(probability: float, own: Floats, everything: Floats, hours: float) -> Level:
    """One level from (count, Σu, ΣuR, ΣuR², Σu²) of a regime and of all; `hours` is the memory's length."""
    n = float(own[0])
    others = everything - own
    share = min(1.0, SHRINKAGE / float(others[1])) if others[1] > 0 else 0.0
    _, weight, total, squares, weights = (own + share * others).tolist()
    if weight <= 0:
        return Level(probability, n, 0.0, None, None, n / hours)
    mean = total / weight
    # Pooled outcomes count as they weigh; those of the regime by their uniqueness, never more than whole.
    effective = min(weight, weight * weight / weights) if weights > 0 else 0.0
    variance = squares / weight - mean * mean
    # Equal results say nothing of how far the next may lie.
    varies = variance > 1e-12 * squares / weight and effective > 1
    lower = mean - Z * math.sqrt(variance / (effective - 1)) if varies else None
    return Level(probability, n, effective, mean, lower, n / hours)
