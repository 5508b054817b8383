"""State updates of `score`: learning from outcomes."""

import numpy as np

from domain.slices import EMITTED, SUPPRESSED
from operators.kernels import kernel
from operators.kernels.calibration import calibrate
from operators.kernels.decay import retained
from operators.kernels.fusion import learn_pairs
from operators.kernels.graded import add_graded, effective
from operators.kernels.history import update_track
from operators.kernels.muting import muted
from operators.kernels.open_signals import NONE, close_signal
from operators.kernels.payoff import add_return
from operators.kernels.score_memory import touch_instrument
from operators.kernels.thresholds import add_valued, least_profitable_value


@kernel
def refit(memory, rules):
    """Refit the calibrator, and move the threshold of each regime a step towards the least profitable value."""
    state = memory.state[0]
    state.ungraded = 0
    if state.effective < rules.least:
        return
    state.slope, state.intercept = calibrate(memory.graded[0])
    for regime in range(memory.thresholds.size):
        goal = least_profitable_value(memory.valued, regime, rules.strength, rules.least, rules.deviations)
        move = goal - memory.thresholds[regime]
        memory.thresholds[regime] += min(rules.slew, max(-rules.slew, move))


@kernel
def learn_outcome(outcome, slot, memory, rules):
    """Update track records, calibration and thresholds with an outcome."""
    at, strategy = outcome.exit_at, outcome.strategy
    mine = touch_instrument(slot, at, memory, rules)
    if strategy < 0 or strategy >= memory.lanes.shape[1]:
        return
    lane = memory.lanes[slot, strategy]
    place, weight, emitted = close_signal(lane, outcome.ts, at, memory.pool, memory.free)
    if place == NONE:
        return
    outcome.status = EMITTED if emitted else SUPPRESSED
    if lane.ts == outcome.ts:
        lane.expires_at = 0
    return_r = outcome.return_r
    if np.isnan(return_r):
        return
    signal, won, state = memory.pool[place], return_r > 0.0, memory.state[0]
    regime = signal.regime
    update_track(memory.overall[0], won, weight, at, rules.memory)
    update_track(memory.strategies[strategy], won, weight, at, rules.memory)
    update_track(memory.kinds[strategy, regime], won, weight, at, rules.memory)
    update_track(memory.records[slot, strategy, regime], won, weight, at, rules.memory)
    update_track(mine, won, weight, at, rules.memory)
    poor, mute_at, unmute_at = rules.mute
    mine.muted = muted(mine, mine.muted, poor, mute_at, unmute_at)
    add_return(memory.returns[strategy], return_r, weight, at, rules.memory)
    if signal.related > 0:
        others = memory.beside[place, : signal.related]
        learn_pairs(memory.pairs[0], signal.evidence, others, won, weight, at, rules.memory)
    keep = retained(at - state.at, weight, rules.memory)
    add_graded(memory.graded, 0, signal.log_odds, return_r, weight, keep)
    add_valued(memory.valued, regime, signal.value, return_r, weight, keep)
    state.at = at
    state.effective = effective(memory.graded)
    state.ungraded += 1
    if state.ungraded >= rules.refit:
        refit(memory, rules)
