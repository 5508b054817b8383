"""Pattern table: the requirements of all patterns, as arrays for the kernels."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from domain.composites import KINDS
from operators.catalogue import Catalogue
from operators.patterns import STATISTICS, Pattern

DETECTORS_MAX = 63
"""Capacity of the bit mask in which a candidate stores its detectors."""


class PatternTable(NamedTuple):
    """Requirements of all patterns. The needs of pattern p are those from `first[p]` to `first[p + 1]`."""

    first: NDArray[np.int64]  # (patterns + 1,)
    wanted: NDArray[np.bool_]  # (needs, kinds, ideas)
    least: NDArray[np.int64]  # (needs,)
    strength: NDArray[np.float64]  # (needs,)
    sided: NDArray[np.bool_]  # (needs,)
    kind: NDArray[np.int64]  # (patterns,) the first need's first kind
    window: NDArray[np.int64]  # (patterns,) ns
    cooldown: NDArray[np.int64]  # (patterns,) ns
    directed: NDArray[np.bool_]  # (patterns,)
    statistic: NDArray[np.int64]  # (patterns,) index into STATISTICS
    threshold: NDArray[np.float64]  # (patterns,)
    chance: NDArray[np.float64]  # (patterns,)


def pattern_table(ideas: Catalogue, bar_ns: int) -> PatternTable:
    """Build the table of all patterns, with times in ns.

    Raises
    ------
    ValueError
        If a pattern names an unknown strategy or detector; the message names its file.
    """
    patterns = ideas.patterns
    strategies, detectors = [each.name for each in ideas.strategies], [each.name for each in ideas.detectors]
    if len(detectors) > DETECTORS_MAX:
        raise ValueError(
            f"{len(detectors)} detectors exceed the {DETECTORS_MAX} that a candidate can store; remove some of them"
        )
    needs = [(pattern, need) for pattern in patterns for need in pattern.needs]
    wanted = np.zeros((len(needs), len(KINDS), max(len(strategies), len(detectors), 1)), np.bool_)
    for at, (pattern, need) in enumerate(needs):
        for kind in need.kinds:
            known = {"signal": strategies, "event": detectors}.get(kind, [])
            wanted[at, KINDS.index(kind), [known.index(name) for name in need.names if name in known]] = True
            wanted[at, KINDS.index(kind)] |= not need.names
        _check_names(pattern, need.names, [*strategies, *detectors])
    return PatternTable(
        first=np.cumsum([0, *(len(pattern.needs) for pattern in patterns)]),
        wanted=wanted,
        least=np.array([need.least for _, need in needs], np.int64),
        strength=np.array([need.strength for _, need in needs], np.float64),
        sided=np.array([need.sided for _, need in needs], np.bool_),
        kind=np.array([KINDS.index(pattern.needs[0].kinds[0]) for pattern in patterns], np.int64),
        window=np.array([pattern.window * bar_ns for pattern in patterns], np.int64),
        cooldown=np.array([pattern.cooldown * bar_ns for pattern in patterns], np.int64),
        directed=np.array([pattern.directed for pattern in patterns], np.bool_),
        statistic=np.array([STATISTICS.index(pattern.statistic) for pattern in patterns], np.int64),
        threshold=np.array([pattern.threshold for pattern in patterns], np.float64),
        chance=np.array([pattern.chance for pattern in patterns], np.float64),
    )


def compared_columns(ideas: Catalogue) -> NDArray[np.int64]:
    """Indices of the feature columns by which windows are compared: the union over all patterns."""
    for pattern in ideas.patterns:
        _check_names(pattern, pattern.features, ideas.columns)
    names = dict.fromkeys(name for pattern in ideas.patterns for name in pattern.features)
    return np.array([ideas.columns.index(name) for name in names], np.int64)


def _check_names(pattern: Pattern, required: Sequence[str], known: Sequence[str]) -> None:
    unknown = [name for name in required if name not in known]
    if unknown:
        raise ValueError(
            f"operators/patterns/{pattern.name}.py requires {', '.join(unknown)}, which no file in operators "
            f"defines; correct the name, or remove the pattern"
        )
