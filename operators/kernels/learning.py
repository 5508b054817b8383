"""Learning: what outcomes teach, and what events and candidates leave behind as evidence."""

import numpy as np

from domain.composites import EVENT, SIGNAL
from domain.slices import EMITTED
from operators.kernels import kernel
from operators.kernels.awaiting import CLAIMS, NONE, await_outcome, find_awaited, take_out
from operators.kernels.calibration import calibrate
from operators.kernels.composing import AGAINST, BESIDE
from operators.kernels.evidence import RING, end_signal, put_evidence
from operators.kernels.fading import kept
from operators.kernels.graded import add_graded, effective
from operators.kernels.history import teach
from operators.kernels.matching import note_answers
from operators.kernels.neighbours import keep_window
from operators.kernels.recollection import UNKNOWN, meet

LEAST_GRADED = 30.0
"""Effective composites before confidence is calibrated."""


@kernel
def learn(outcome, slot, memory, rules):
    """Take an outcome in."""
    at, strategy = outcome.exit_at, outcome.strategy
    house = meet(slot, at, memory, rules)
    end_signal(house, memory.rings[slot], outcome.ts, strategy, SIGNAL)
    place, before = find_awaited(house, outcome.ts, strategy, memory.pool)
    if place == NONE:
        return
    mine = memory.pool[place]
    take_out(house, place, before, memory.pool, memory.free)
    return_r = outcome.return_r
    if np.isnan(return_r):
        return
    won, state = return_r > 0.0, memory.state[0]
    teach(memory.overall[0], won, 1.0, at, rules.memory)
    for detector in range(memory.detectors.shape[0]):
        if mine.beside >> detector & 1:
            teach(memory.detectors[detector, BESIDE], won, 1.0, at, rules.memory)
        if mine.against >> detector & 1:
            teach(memory.detectors[detector, AGAINST], won, 1.0, at, rules.memory)
    for claim in range(min(mine.claims, CLAIMS)):
        keep = kept(at - state.at, 1.0, rules.memory)
        add_graded(memory.graded, 0, mine.claimed[claim], return_r, 1.0, keep)
        state.at = at
    if mine.claims:
        state.effective = effective(memory.graded)
        if state.effective >= LEAST_GRADED:
            state.slope, state.intercept = calibrate(memory.graded[0])
    if mine.kept:
        keep_window(
            memory.windows, memory.vectors, memory.scales, state.windows % memory.windows.size,
            memory.shapes[place], at, outcome.direction, won,
        )  # fmt: skip
        state.windows += 1


@kernel
def remember(row, slot, house, asked, memory):
    """Remember a row of evidence."""
    put_evidence(house, memory.rings[slot], memory.paces[slot], row)
    note_answers(row, asked, memory.answered[slot])


@kernel
def notice(event, slot, asked, memory, rules, row):
    """Remember an event as evidence."""
    house = meet(slot, event.ts, memory, rules)
    row.ts, row.instrument, row.source = event.ts, event.instrument, event.detector + 1
    row.strength, row.probability, row.expected_r, row.risk = event.strength, np.nan, np.nan, 0.0
    row.kind, row.direction, row.frame, row.idea = EVENT, event.direction, event.frame, event.detector
    remember(row, slot, house, asked, memory)
    if event.detector == rules.regimes and event.frame == rules.primary:
        house.regime = UNKNOWN  # until a candidate says what it is now


@kernel
def decide(candidate, slot, regime, score, shape, asked, memory, rules, row):
    """Await a candidate's outcome, and remember it as evidence if it was emitted.

    `score` is (probability, expected value in R, risk penalty).
    """
    now = candidate.ts
    house, ring = meet(slot, now, memory, rules), memory.rings[slot]
    house.regime = regime
    place = await_outcome(house, now, candidate.strategy, memory.pool, memory.free)
    mine = memory.pool[place]
    mine.beside = mine.against = mine.kept = 0
    for back in range(min(house.count, RING)):
        other = ring[(house.count - 1 - back) % RING]
        if other.ts != now:
            break
        if other.kind == EVENT and other.frame == rules.primary:
            if other.direction == -candidate.direction:
                mine.against |= 1 << other.idea
            else:
                mine.beside |= 1 << other.idea
    side = 1 if candidate.direction > 0 else 0
    if now - house.kept[side] >= rules.zone:
        house.kept[side] = now
        mine.kept = 1
        memory.shapes[place] = shape
    if candidate.status == EMITTED:
        row.ts, row.instrument, row.source = now, candidate.instrument, candidate.strategy + 1
        row.probability, row.expected_r, row.risk = score
        row.strength = row.probability
        row.kind, row.direction, row.frame, row.idea = SIGNAL, candidate.direction, rules.primary, candidate.strategy
        remember(row, slot, house, asked, memory)
