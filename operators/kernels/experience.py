"""Experience: what score remembers of strategies, regimes and instruments, and by which rules."""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from domain.scores import REGIMES
from operators.kernels import kernel
from operators.kernels.book import LANE, RELATED, THOUGHT, drop
from operators.kernels.fusion import PAIRS
from operators.kernels.graded import BINS, SUMS
from operators.kernels.history import TRACK
from operators.kernels.payoff import RETURNS
from operators.kernels.thresholds import POINTS
from operators.kernels.thresholds import SUMS as VALUED

INSTRUMENT = np.dtype(
    [(name, "<i8") for name in ("at", "seen_at", "filled_at", "credit", "muted")]
    + [(name, "<f8") for name in ("count", "wins", "fast", "fast_seen", "slow", "slow_seen")]
)
"""A track of all its outcomes, whether it is muted, its bucket of signals, and its turnover."""
STATE = np.dtype(
    [(name, "<i8") for name in ("at", "now", "filled_at", "credit", "ungraded")]
    + [(name, "<f8") for name in ("slope", "intercept", "effective")]
)
"""What holds for all: newest outcome and newest row of any kind, the calibrator, the effective number of
graded candidates, how many came since the last fit, and the bucket of all signals."""

Floats = NDArray[np.float64]
Rows = NDArray[Any]


class Memory(NamedTuple):
    """All that is remembered; `blank` begins it."""

    state: Rows  # (1,) STATE
    overall: Rows  # (1,) TRACK
    strategies: Rows  # (strategies,) TRACK
    kinds: Rows  # (strategies, regimes) TRACK
    returns: Rows  # (strategies,) RETURNS
    pairs: Rows  # (1,) PAIRS
    graded: Floats  # (1, BINS, SUMS)
    valued: Floats  # (regimes, POINTS, VALUED)
    thresholds: Floats  # (regimes,) expected values, R
    instruments: Rows  # (slots,) INSTRUMENT
    lanes: Rows  # (slots, strategies) LANE
    records: Rows  # (slots, strategies, regimes) TRACK
    pool: Rows  # (places,) THOUGHT
    beside: Floats  # (places, RELATED) evidence of related signals, seen from the candidate's side
    free: NDArray[np.int64]  # stack of free places, its count first


class Rules(NamedTuple):
    """What the settings say, as the kernels want it."""

    half_lives: Floats  # (strategies,) of evidence, ns
    memory: tuple[float, float]  # half-life in ns and in outcomes
    quiet: int  # ns
    cost: float  # fraction of the price, both sides
    prior: float
    boost: float
    exponent: float
    keep_fast: float
    keep_slow: float
    reference_r: float
    drawdown_r: float
    penalties: tuple[float, float, float]
    least: float
    refit: int
    deviations: float
    strength: float
    slew: float
    mute: tuple[float, float, float]  # poor rate, mute at, unmute at
    price: int  # ns of credit that a signal costs its instrument
    price_overall: int
    gate: bool  # whether candidates are held back at all


def blank(slots: int, strategies: int) -> Memory:
    """Memory of nothing, with room for so many instruments."""
    regimes = len(REGIMES)
    state = np.zeros(1, STATE)
    state["slope"] = 1.0
    return Memory(
        state=state,
        overall=np.zeros(1, TRACK),
        strategies=np.zeros(strategies, TRACK),
        kinds=np.zeros((strategies, regimes), TRACK),
        returns=np.zeros(strategies, RETURNS),
        pairs=np.zeros(1, PAIRS),
        graded=np.zeros((1, BINS, SUMS)),
        valued=np.zeros((regimes, POINTS, VALUED)),
        thresholds=np.zeros(regimes),
        instruments=np.zeros(slots, INSTRUMENT),
        lanes=np.zeros((slots, strategies), LANE),
        records=np.zeros((slots, strategies, regimes), TRACK),
        pool=np.zeros(0, THOUGHT),
        beside=np.zeros((0, RELATED)),
        free=np.zeros(1, np.int64),
    )


@kernel
def forget(slot, memory):
    """Begin an instrument anew."""
    for strategy in range(memory.lanes.shape[1]):
        drop(memory.lanes[slot, strategy], memory.pool, memory.free)
        for regime in range(memory.records.shape[2]):
            track = memory.records[slot, strategy, regime]
            track.at = 0
            track.count = track.wins = 0.0
    mine = memory.instruments[slot]
    mine.at = mine.seen_at = mine.filled_at = mine.credit = mine.muted = 0
    mine.count = mine.wins = mine.fast = mine.fast_seen = mine.slow = mine.slow_seen = 0.0


@kernel
def meet(slot, at, memory, rules):
    """The instrument in a slot; one that was quiet for long is met for the first time."""
    mine = memory.instruments[slot]
    if mine.seen_at and at - mine.seen_at > rules.quiet:
        forget(slot, memory)
    mine.seen_at = at
    return mine
