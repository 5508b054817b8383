"""State updates of `correlate`: learning from outcomes, and storing events and candidates as evidence."""

import numpy as np

from domain.composites import EVENT, SIGNAL
from domain.slices import EMITTED
from operators.kernels import kernel
from operators.kernels.calibration import calibrate
from operators.kernels.composing import AGAINST, BESIDE
from operators.kernels.correlate_memory import UNKNOWN, touch_instrument
from operators.kernels.decay import retained
from operators.kernels.evidence import RING, end_signal, put_evidence
from operators.kernels.graded import add_graded, effective
from operators.kernels.history import update_track
from operators.kernels.matching import note_answers
from operators.kernels.neighbours import keep_window
from operators.kernels.pending import CLAIMS, NONE, add_pending, find_pending, remove_pending

LEAST_GRADED = 30.0
"""Effective number of graded composites before the confidence is calibrated."""


@kernel
def learn_outcome(outcome, slot, memory, rules):
    """Update track records and calibration with an outcome."""
    at, strategy = outcome.exit_at, outcome.strategy
    instrument = touch_instrument(slot, at, memory, rules)
    end_signal(instrument, memory.rings[slot], outcome.ts, strategy, SIGNAL)
    place, before = find_pending(instrument, outcome.ts, strategy, memory.pool)
    if place == NONE:
        return
    mine = memory.pool[place]
    remove_pending(instrument, place, before, memory.pool, memory.free)
    return_r = outcome.return_r
    if np.isnan(return_r):
        return
    won, state = return_r > 0.0, memory.state[0]
    update_track(memory.overall[0], won, 1.0, at, rules.memory)
    for detector in range(memory.detectors.shape[0]):
        if mine.beside >> detector & 1:
            update_track(memory.detectors[detector, BESIDE], won, 1.0, at, rules.memory)
        if mine.against >> detector & 1:
            update_track(memory.detectors[detector, AGAINST], won, 1.0, at, rules.memory)
    for claim in range(min(mine.claims, CLAIMS)):
        keep = retained(at - state.at, 1.0, rules.memory)
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
def store_evidence(row, slot, instrument, patterns, memory):
    """Add a row of evidence to the ring of its instrument."""
    put_evidence(instrument, memory.rings[slot], memory.paces[slot], row)
    note_answers(row, patterns, memory.answered[slot])


@kernel
def add_event(event, slot, patterns, memory, rules, row):
    """Store an event as evidence."""
    instrument = touch_instrument(slot, event.ts, memory, rules)
    row.ts, row.instrument, row.source = event.ts, event.instrument, event.detector + 1
    row.strength, row.probability, row.expected_r, row.risk = event.strength, np.nan, np.nan, 0.0
    row.kind, row.direction, row.frame, row.idea = EVENT, event.direction, event.frame, event.detector
    store_evidence(row, slot, instrument, patterns, memory)
    if event.detector == rules.regimes and event.frame == rules.primary:
        instrument.regime = UNKNOWN  # until the next candidate sets it


@kernel
def add_candidate(candidate, slot, regime, score, shape, patterns, memory, rules, row):
    """Add a pending candidate, and store it as evidence if it was emitted.

    `score` is (probability, expected value in R, risk penalty).
    """
    now = candidate.ts
    instrument, ring = touch_instrument(slot, now, memory, rules), memory.rings[slot]
    instrument.regime = regime
    place = add_pending(instrument, now, candidate.strategy, memory.pool, memory.free)
    mine = memory.pool[place]
    mine.beside = mine.against = mine.kept = 0
    for back in range(min(instrument.count, RING)):
        other = ring[(instrument.count - 1 - back) % RING]
        if other.ts != now:
            break
        if other.kind == EVENT and other.frame == rules.primary:
            if other.direction == -candidate.direction:
                mine.against |= 1 << other.idea
            else:
                mine.beside |= 1 << other.idea
    side = 1 if candidate.direction > 0 else 0
    if now - instrument.kept[side] >= rules.zone:
        instrument.kept[side] = now
        mine.kept = 1
        memory.shapes[place] = shape
    if candidate.status == EMITTED:
        row.ts, row.instrument, row.source = now, candidate.instrument, candidate.strategy + 1
        row.probability, row.expected_r, row.risk = score
        row.strength = row.probability
        row.kind, row.direction, row.frame, row.idea = SIGNAL, candidate.direction, rules.primary, candidate.strategy
        store_evidence(row, slot, instrument, patterns, memory)
