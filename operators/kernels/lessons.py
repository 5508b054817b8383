"""Lessons: what each outcome teaches score."""

import numpy as np

from domain.slices import EMITTED, SUPPRESSED
from operators.kernels import kernel
from operators.kernels.book import NONE, take
from operators.kernels.calibration import calibrate
from operators.kernels.experience import meet
from operators.kernels.fading import kept
from operators.kernels.fusion import learn_pairs
from operators.kernels.graded import add_graded, effective
from operators.kernels.history import teach
from operators.kernels.muting import muted
from operators.kernels.payoff import add_return
from operators.kernels.thresholds import add_valued, wanted


@kernel
def refit(memory, rules):
    """Fit the calibrator, and move each regime's threshold a step towards what pays."""
    state = memory.state[0]
    state.ungraded = 0
    if state.effective < rules.least:
        return
    state.slope, state.intercept = calibrate(memory.graded[0])
    for regime in range(memory.thresholds.size):
        goal = wanted(memory.valued, regime, rules.strength, rules.least, rules.deviations)
        move = goal - memory.thresholds[regime]
        memory.thresholds[regime] += min(rules.slew, max(-rules.slew, move))


@kernel
def learn(outcome, slot, memory, rules):
    """Take an outcome in."""
    at, strategy = outcome.exit_at, outcome.strategy
    mine = meet(slot, at, memory, rules)
    if strategy < 0 or strategy >= memory.lanes.shape[1]:
        return
    lane = memory.lanes[slot, strategy]
    place, weight, emitted = take(lane, outcome.ts, at, memory.pool, memory.free)
    if place == NONE:
        return
    outcome.status = EMITTED if emitted else SUPPRESSED
    if lane.ts == outcome.ts:
        lane.expires_at = 0
    return_r = outcome.return_r
    if np.isnan(return_r):
        return
    thought, won, state = memory.pool[place], return_r > 0.0, memory.state[0]
    regime = thought.regime
    teach(memory.overall[0], won, weight, at, rules.memory)
    teach(memory.strategies[strategy], won, weight, at, rules.memory)
    teach(memory.kinds[strategy, regime], won, weight, at, rules.memory)
    teach(memory.records[slot, strategy, regime], won, weight, at, rules.memory)
    teach(mine, won, weight, at, rules.memory)
    poor, mute_at, unmute_at = rules.mute
    mine.muted = muted(mine, mine.muted, poor, mute_at, unmute_at)
    add_return(memory.returns[strategy], return_r, weight, at, rules.memory)
    if thought.related > 0:
        others = memory.beside[place, : thought.related]
        learn_pairs(memory.pairs[0], thought.evidence, others, won, weight, at, rules.memory)
    keep = kept(at - state.at, weight, rules.memory)
    add_graded(memory.graded, 0, thought.log_odds, return_r, weight, keep)
    add_valued(memory.valued, regime, thought.value, return_r, weight, keep)
    state.at = at
    state.effective = effective(memory.graded)
    state.ungraded += 1
    if state.ungraded >= rules.refit:
        refit(memory, rules)
