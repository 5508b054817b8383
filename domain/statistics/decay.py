"""Decay: exponentially decayed weights, and sums of them that do not depend on batching."""

import math
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from domain.statistics.sample import Floats, known


def weight(age: float, half_life: float) -> float:
    """2^(−age / half_life): 1 now, a half after one half-life; both in one unit.

    Examples
    --------
    >>> weight(48.0, 24.0)
    0.25
    """
    return math.exp2(-age / half_life)


def smoothing(step: float, half_life: float) -> float:
    """The share α of a new value in an exponential mean that halves over `half_life`.

    Examples
    --------
    >>> smoothing(1.0, 1.0)
    0.5
    """
    return -math.expm1(-math.log(2.0) * step / half_life)


def effective_size(weights: ArrayLike) -> float:
    """Effective sample size (Σw)² / Σw² (Kish 1965); 0 without weights.

    Examples
    --------
    >>> effective_size([1.0, 1.0, 1.0]), effective_size([1.0, 0.0])
    (3.0, 1.0)
    """
    sample = known(weights)
    squares = float(sample @ sample)
    return float(sample.sum()) ** 2 / squares if squares > 0 else 0.0


class DecayedSums:
    """Sums by group in which every entry loses half its weight per half-life.

    Time is counted in half-lives, and a sum is stored in units of the newest whole half-life: decay then only
    changes its binary exponent, which is exact. The sums therefore depend on the values and their order, but not
    on batches, snapshots or the clock.

    Parameters
    ----------
    groups, columns
        Shape of the sums.
    half_life_ns
        In event time.

    Examples
    --------
    >>> sums = DecayedSums(groups=2, columns=1, half_life_ns=100)
    >>> sums.add([0, 1, 1], [0, 0, 100], [[1.0], [1.0], [1.0]])
    >>> sums.at(100)
    array([[0.5], [1.5]])
    """

    VERSION = 1

    def __init__(self, groups: int, columns: int, half_life_ns: int) -> None:
        if half_life_ns <= 0:
            raise ValueError(f"half-life {half_life_ns} ns is not positive")
        self.half_life_ns = half_life_ns
        self._unit = 0  # whole half-lives since the epoch, of the newest entry
        self._sums = np.zeros((groups, columns))

    def __len__(self) -> int:
        return len(self._sums)

    def grow(self, groups: int) -> None:
        """Make room for as many groups; new ones are empty."""
        if groups > len(self._sums):
            self._sums = np.concatenate([self._sums, np.zeros((groups - len(self._sums), self._sums.shape[1]))])

    def clear(self, group: int) -> None:
        """Forget a group, whose place is to be used again."""
        self._sums[group] = 0.0

    def add(self, codes: ArrayLike, at_ns: ArrayLike, values: ArrayLike) -> None:
        """Add rows in their order.

        Parameters
        ----------
        codes
            Group of each row.
        at_ns
            Event time of each row. An entry older than others weighs less from the start.
        values
            (rows, columns), finite.
        """
        places = np.asarray(codes, np.intp)
        times = np.asarray(at_ns, np.int64)
        if not len(places):
            return
        whole, rest = np.divmod(times, self.half_life_ns)
        newest = int(whole.max())
        if newest > self._unit:
            self._sums = np.ldexp(self._sums, _exponent(self._unit - newest))
            self._unit = newest
        weights = np.ldexp(np.exp2(rest / self.half_life_ns), _exponents(whole - self._unit))
        np.add.at(self._sums, places, np.asarray(values, np.float64) * weights[:, None])

    def at(self, now_ns: int, groups: ArrayLike | None = None) -> Floats:
        """The sums as they weigh at `now_ns`, (groups, columns); of the groups asked for, or of all.

        A group for which there is no room yet is empty.
        """
        whole, rest = divmod(now_ns, self.half_life_ns)
        asked = self._sums
        if groups is not None:
            places = np.asarray(groups, np.intp)
            known = places < len(self._sums)
            asked = np.zeros((len(places), self._sums.shape[1]))
            asked[known] = self._sums[places[known]]
        scaled = np.ldexp(asked, _exponent(self._unit - whole))
        return np.asarray(scaled * 2.0 ** (-rest / self.half_life_ns))

    def snapshot(self) -> tuple[Any, ...]:
        """All that is remembered."""
        return self.VERSION, self.half_life_ns, self._unit, self._sums.copy()

    @classmethod
    def restore(cls, snapshot: tuple[Any, ...]) -> "DecayedSums":
        """The sums that took `snapshot`."""
        version, half_life_ns, unit, sums = snapshot
        if version != cls.VERSION:
            raise ValueError(f"decayed sums of version {version} cannot be read by version {cls.VERSION}")
        restored = cls(sums.shape[0], sums.shape[1], half_life_ns)
        restored._unit, restored._sums = unit, sums.copy()
        return restored


def _exponent(halvings: int) -> int:
    """Within what ldexp takes; beyond it a weight is zero."""
    return max(-2_000, min(2_000, halvings))


def _exponents(halvings: NDArray[np.int64]) -> NDArray[np.int32]:
    return np.clip(halvings, -2_000, 0).astype(np.int32)
