"""State of `score`: track records of strategies, regimes and instruments, and the rules as kernels take them."""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from domain.scores import REGIMES
from operators.kernels import kernel
from operators.kernels.fusion import PAIRS
from operators.kernels.graded import BINS, SUMS
from operators.kernels.history import TRACK
from operators.kernels.open_signals import LANE, OPEN_SIGNAL, RELATED, drop_lane
from operators.kernels.payoff import RETURNS
from operators.kernels.thresholds import POINTS
from operators.kernels.thresholds import SUMS as VALUED

INSTRUMENT = np.dtype(
    [(name, "<i8") for name in ("at", "seen_at", "filled_at", "credit", "muted")]
    + [(name, "<f8") for name in ("count", "wins", "fast", "fast_seen", "slow", "slow_seen")]
)
"""Track record over all outcomes, mute state, token bucket and turnover of an instrument."""
STATE = np.dtype(
    [(name, "<i8") for name in ("at", "now", "filled_at", "credit", "ungraded")]
    + [(name, "<f8") for name in ("slope", "intercept", "effective")]
)
"""Global state: time of the newest outcome and of the newest row, calibrator, effective number of graded candidates,
outcomes since the last fit, and token bucket of all signals."""

Floats = NDArray[np.float64]
Rows = NDArray[Any]


class Memory(NamedTuple):
    """The complete state; see `blank`."""

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
    pool: Rows  # (places,) OPEN_SIGNAL
    beside: Floats  # (places, RELATED) evidence of related signals, positive in the candidate's direction
    free: NDArray[np.int64]  # stack of free pool indices, its size first


class Rules(NamedTuple):
    """Settings in the form that the kernels take."""

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
    """Empty memory for a number of instrument slots and strategies."""
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
        pool=np.zeros(0, OPEN_SIGNAL),
        beside=np.zeros((0, RELATED)),
        free=np.zeros(1, np.int64),
    )


@kernel
def reset_instrument(slot, memory):
    """Reset the state of an instrument."""
    for strategy in range(memory.lanes.shape[1]):
        drop_lane(memory.lanes[slot, strategy], memory.pool, memory.free)
        for regime in range(memory.records.shape[2]):
            track = memory.records[slot, strategy, regime]
            track.at = 0
            track.count = track.wins = 0.0
    mine = memory.instruments[slot]
    mine.at = mine.seen_at = mine.filled_at = mine.credit = mine.muted = 0
    mine.count = mine.wins = mine.fast = mine.fast_seen = mine.slow = mine.slow_seen = 0.0


@kernel
def touch_instrument(slot, at, memory, rules):
    """Return the instrument in a slot and record its activity; reset it first if it was quiet for too long."""
    mine = memory.instruments[slot]
    if mine.seen_at and at - mine.seen_at > rules.quiet:
        reset_instrument(slot, memory)
    mine.seen_at = at
    return mine
