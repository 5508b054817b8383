"""Recollection: all that correlate remembers, and by which rules."""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from domain.composites import KINDS
from domain.evidence import EVIDENCE
from domain.scores import REGIMES
from operators.kernels import kernel
from operators.kernels.awaiting import AWAITED, drop_all
from operators.kernels.evidence import HOUSE, PACE, RING
from operators.kernels.graded import BINS, SUMS
from operators.kernels.history import TRACK
from operators.kernels.neighbours import SCALE, WINDOW

STATE = np.dtype(
    [(name, "<i8") for name in ("now", "at", "filled_at", "windows")]
    + [(name, "<f8") for name in ("slope", "intercept", "effective", "tokens")]
)
"""Newest instant with evidence; newest outcome; when the bucket was filled; windows ever kept; the
calibrator, how many composites it rests on, and the bucket."""
NEVER = np.iinfo(np.int64).max // 2
UNKNOWN = len(REGIMES) - 1

Rows = NDArray[Any]


class Memory(NamedTuple):
    """All that is remembered; `blank` begins it."""

    state: Rows  # (1,) STATE
    overall: Rows  # (1,) TRACK of all candidates
    detectors: Rows  # (detectors, 2) TRACK of candidates with its event on their side and against it
    graded: NDArray[np.float64]  # (1, BINS, SUMS) of composites
    windows: Rows  # (remembered,) WINDOW
    vectors: NDArray[np.float32]  # (columns, remembered)
    scales: Rows  # (columns,) SCALE
    houses: Rows  # (slots,) HOUSE
    rings: Rows  # (slots, RING) EVIDENCE
    paces: Rows  # (slots, kinds) PACE
    answered: NDArray[np.int64]  # (slots, needs) when something last answered it
    told: NDArray[np.int64]  # (slots, patterns, 3) when it was last told: down, neither, up
    pool: Rows  # (places,) AWAITED
    shapes: NDArray[np.float32]  # (places, columns) windows of awaited candidates
    free: NDArray[np.int64]  # stack of free places, its count first


class Rules(NamedTuple):
    """What the settings say, as the kernels want it."""

    memory: tuple[float, float]  # half-life in ns and in outcomes
    strength: float
    same_tape: float
    an_hour: float  # for ten instruments
    neighbours: int
    zone: int  # ns between windows of one instrument, and before which they must have ended
    quiet: int  # ns
    primary: int
    regimes: int  # detector that says that the regime is another; -1 if there is none


def blank(slots: int, detectors: int, patterns: int, needs: int, columns: int, remembered: int) -> Memory:
    """Memory of nothing, with room for so many instruments."""
    state, houses = np.zeros(1, STATE), np.zeros(slots, HOUSE)
    state["slope"], houses["vacant"] = 1.0, 1
    return Memory(
        state=state,
        overall=np.zeros(1, TRACK),
        detectors=np.zeros((detectors, 2), TRACK),
        graded=np.zeros((1, BINS, SUMS)),
        windows=np.zeros(remembered, WINDOW),
        vectors=np.zeros((columns, remembered), np.float32),
        scales=np.zeros(columns, SCALE),
        houses=houses,
        rings=np.zeros((slots, RING), EVIDENCE),
        paces=np.zeros((slots, len(KINDS)), PACE),
        answered=np.zeros((slots, needs), np.int64),
        told=np.zeros((slots, patterns, 3), np.int64),
        pool=np.zeros(0, AWAITED),
        shapes=np.zeros((0, columns), np.float32),
        free=np.zeros(1, np.int64),
    )


@kernel
def forget(slot, memory):
    """Begin an instrument anew."""
    house = memory.houses[slot]
    drop_all(house, memory.pool, memory.free)
    house.seen_at = house.count = 0
    house.kept[0] = house.kept[1] = 0
    house.regime, house.with_reference = UNKNOWN, np.nan
    for kind in range(memory.paces.shape[1]):
        pace = memory.paces[slot, kind]
        pace.at = pace.begun = 0
        pace.count = 0.0
    memory.told[slot] = 0
    memory.answered[slot] = -NEVER


@kernel
def meet(slot, at, memory, rules):
    """The instrument in a slot; one that was quiet for long is met for the first time."""
    house = memory.houses[slot]
    if house.seen_at == 0 or at - house.seen_at > rules.quiet:
        forget(slot, memory)
    house.seen_at = at
    return house
