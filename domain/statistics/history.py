"""History: hierarchical win rates of signals, with exponential decay of older outcomes.

The levels are all signals, strategy, strategy in a regime, and that for a symbol: each level is shrunk towards the one
above it, the more so the fewer outcomes it has.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from domain.statistics.decay import DecayedSums
from domain.statistics.sample import Floats
from domain.statistics.shrinkage import STRENGTH, Rate, shrink_down


class History:
    """Decayed wins and outcomes of every group of every level.

    Parameters
    ----------
    groups
        Number of groups of each level below the first, which is all signals.
    half_life_ns
        In event time; see `domain.statistics.shrinkage.history_half_life_ns`.
    base
        Win rate believed of all signals before any outcome, in (0, 1).

    Examples
    --------
    >>> history = History([2], half_life_ns=10**15)
    >>> history.record([[0, 0, 1]], [0, 0, 0], [True, True, False])
    >>> everything, strategy = history.rates([0], 0)
    >>> everything.mean, strategy.mean
    (0.5217391, 0.5652174)
    """

    def __init__(self, groups: Sequence[int], half_life_ns: int, *, base: float = 0.5) -> None:
        self.base = base
        self.strengths = [STRENGTH] * (len(groups) + 1)
        self._levels = [DecayedSums(number, 2, half_life_ns) for number in (1, *groups)]

    def record(
        self, codes: Sequence[ArrayLike], at_ns: ArrayLike, won: ArrayLike, uniqueness: ArrayLike | None = None
    ) -> None:
        """Add outcomes in the order they were settled.

        Parameters
        ----------
        codes
            For each level below the first, the group of each outcome; a level makes room for new ones.
        at_ns
            When each was settled.
        won
            Whether its net result was above zero.
        uniqueness
            In (0, 1], by which overlapping outcomes count; 1 if not given.
        """
        wins = np.asarray(won, np.float64)
        own = np.ones(len(wins)) if uniqueness is None else np.asarray(uniqueness, np.float64)
        values = np.column_stack([wins * own, own])
        for level, places in zip(self._levels, [np.zeros(len(wins), np.intp), *codes], strict=True):
            groups = np.asarray(places, np.intp)
            level.grow(int(groups.max(initial=-1)) + 1)
            level.add(groups, at_ns, values)

    def rates(self, codes: Sequence[int], now_ns: int) -> tuple[Rate, ...]:
        """Of all signals and of the group at each level below, as known at `now_ns`; a new group has its parent's."""
        path = [level.at(now_ns, [code])[0].tolist() for level, code in zip(self._levels, [0, *codes], strict=True)]
        return shrink_down([(wins, n) for wins, n in path], base=self.base, strengths=self.strengths)

    def means(self, codes: Sequence[ArrayLike], now_ns: int) -> Floats:
        """The means of `rates` for many paths at once, (levels, paths); the last row is the most particular."""
        paths = [np.asarray(places, np.intp) for places in codes]
        prior = np.full(len(paths[0]) if paths else 1, self.base)
        found = []
        for level, groups, strength in zip(
            self._levels, [np.zeros(len(prior), np.intp), *paths], self.strengths, strict=True
        ):
            wins, n = level.at(now_ns, groups).T
            prior = (wins + strength * prior) / (n + strength)
            found.append(prior)
        return np.array(found)

    def counts(self, level: int, now_ns: int) -> Floats:
        """Wins and outcomes, (groups, 2), of a level; 0 is all signals. What `prior_strength` wants."""
        return self._levels[level].at(now_ns)

    def forget(self, level: int, group: int) -> None:
        """Empty a group whose place is to be used again."""
        self._levels[level].clear(group)

    def snapshot(self) -> tuple[Any, ...]:
        """All that is remembered."""
        return self.base, tuple(self.strengths), tuple(level.snapshot() for level in self._levels)

    @classmethod
    def restore(cls, snapshot: tuple[Any, ...]) -> "History":
        """The history that took `snapshot`."""
        base, strengths, levels = snapshot
        restored = cls([], 1, base=base)
        restored.strengths = list(strengths)
        restored._levels = [DecayedSums.restore(level) for level in levels]
        return restored
