"""State of `correlate`, and its rules as kernels take them."""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from domain.composites import KINDS
from domain.evidence import EVIDENCE
from domain.scores import REGIMES
from operators.kernels import kernel
from operators.kernels.evidence import INSTRUMENT, PACE, RING
from operators.kernels.graded import BINS, SUMS
from operators.kernels.history import TRACK
from operators.kernels.neighbours import SCALE, WINDOW
from operators.kernels.pending import PENDING, clear_pending

STATE = np.dtype(
    [(name, "<i8") for name in ("now", "at", "filled_at", "windows")]
    + [(name, "<f8") for name in ("slope", "intercept", "effective", "tokens")]
)
"""Time of the newest evidence and of the newest outcome; last refill of the token bucket; windows ever stored; the
calibrator, the effective number of composites behind it, and the tokens."""
NEVER = np.iinfo(np.int64).max // 2
UNKNOWN = len(REGIMES) - 1

Rows = NDArray[Any]


class Memory(NamedTuple):
    """The complete state; see `blank`."""

    state: Rows  # (1,) STATE
    overall: Rows  # (1,) TRACK of all candidates
    detectors: Rows  # (detectors, 2) TRACK of candidates with its event in their direction and against it
    graded: NDArray[np.float64]  # (1, BINS, SUMS) of composites
    windows: Rows  # (remembered,) WINDOW
    vectors: NDArray[np.float32]  # (columns, remembered)
    scales: Rows  # (columns,) SCALE
    instruments: Rows  # (slots,) INSTRUMENT
    rings: Rows  # (slots, RING) EVIDENCE
    paces: Rows  # (slots, kinds) PACE
    answered: NDArray[np.int64]  # (slots, needs) when it was last met
    told: NDArray[np.int64]  # (slots, patterns, 3) when it was last selected: down, neither, up
    pool: Rows  # (places,) PENDING
    shapes: NDArray[np.float32]  # (places, columns) windows of pending candidates
    free: NDArray[np.int64]  # stack of free pool indices, its size first


class Rules(NamedTuple):
    """Settings in the form that the kernels take."""

    memory: tuple[float, float]  # half-life in ns and in outcomes
    strength: float
    same_tape: float
    an_hour: float  # for ten instruments
    neighbours: int
    zone: int  # embargo in ns: least distance of windows of one instrument, and of a window's end before its use
    quiet: int  # ns
    primary: int
    regimes: int  # index of the regime-change detector; -1 if there is none


def blank(slots: int, detectors: int, patterns: int, needs: int, columns: int, remembered: int) -> Memory:
    """Empty memory of the given dimensions."""
    state, instruments = np.zeros(1, STATE), np.zeros(slots, INSTRUMENT)
    state["slope"], instruments["vacant"] = 1.0, 1
    return Memory(
        state=state,
        overall=np.zeros(1, TRACK),
        detectors=np.zeros((detectors, 2), TRACK),
        graded=np.zeros((1, BINS, SUMS)),
        windows=np.zeros(remembered, WINDOW),
        vectors=np.zeros((columns, remembered), np.float32),
        scales=np.zeros(columns, SCALE),
        instruments=instruments,
        rings=np.zeros((slots, RING), EVIDENCE),
        paces=np.zeros((slots, len(KINDS)), PACE),
        answered=np.zeros((slots, needs), np.int64),
        told=np.zeros((slots, patterns, 3), np.int64),
        pool=np.zeros(0, PENDING),
        shapes=np.zeros((0, columns), np.float32),
        free=np.zeros(1, np.int64),
    )


@kernel
def reset_instrument(slot, memory):
    """Reset the state of an instrument."""
    instrument = memory.instruments[slot]
    clear_pending(instrument, memory.pool, memory.free)
    instrument.seen_at = instrument.count = 0
    instrument.kept[0] = instrument.kept[1] = 0
    instrument.regime, instrument.with_reference = UNKNOWN, np.nan
    for kind in range(memory.paces.shape[1]):
        pace = memory.paces[slot, kind]
        pace.at = pace.begun = 0
        pace.count = 0.0
    memory.told[slot] = 0
    memory.answered[slot] = -NEVER


@kernel
def touch_instrument(slot, at, memory, rules):
    """Return the instrument in a slot and record its activity; reset it first if it was quiet for too long."""
    instrument = memory.instruments[slot]
    if instrument.seen_at == 0 or at - instrument.seen_at > rules.quiet:
        reset_instrument(slot, memory)
    instrument.seen_at = at
    return instrument
