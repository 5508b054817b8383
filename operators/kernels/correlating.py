"""Correlation: store evidence, evaluate patterns and emit composites in the order of event time.

At one instant outcomes are processed first, then all evidence, then candidates, which add evidence themselves, and
only then patterns, so that the result does not depend on the order of the inputs.
"""

import numpy as np

from domain.evidence import EVIDENCE
from domain.slices import EMITTED
from operators.kernels import kernel
from operators.kernels.composing import calibrated, compose, majority_direction, strongest_signal
from operators.kernels.correlate_learning import add_candidate, add_event, learn_outcome, store_evidence
from operators.kernels.correlate_memory import NEVER, touch_instrument
from operators.kernels.evidence import RING, chance_probability
from operators.kernels.history import EVEN, shrunk_rate
from operators.kernels.logit import logit
from operators.kernels.matching import majority_posterior, match, may_match, sides
from operators.kernels.neighbours import find_neighbours, repeat
from operators.kernels.pending import NONE
from operators.kernels.selection import select
from operators.kernels.slots import find_slot

DISTINCT, LOG_ODDS, STRENGTH, POSTERIOR, REPEAT = range(5)
"""Indices into `operators.patterns.STATISTICS`."""
LEAST_NEIGHBOURS, DEVIATIONS = 15.0, 1.2816
"""Minimum effective number of neighbours of a repeat, and the z-score of its lower bound: an 80 % interval."""


@kernel
def _repeated(slot, direction, decided, slots, shapes, base, memory, rules):
    """Statistics of past windows similar to an instrument's emitted candidate at this instant; see `repeat`."""
    for at in range(decided.size):
        if slots[at] == slot and decided[at].direction == direction and decided[at].status == EMITTED:
            distances, places = np.empty(rules.neighbours), np.empty(rules.neighbours, np.int64)
            count = find_neighbours(
                memory.windows, memory.vectors, memory.scales, shapes[at], direction, decided[at].ts - rules.zone,
                distances, places,
            )  # fmt: skip
            return repeat(memory.windows, distances, places, count, shapes.shape[1], base, rules.strength, DEVIATIONS)
    return base, 0.0, -1.0


@kernel
def _evaluate(slot, pattern, direction, now, candidates, patterns, memory, rules, out):
    """Evaluate a pattern on an instrument.

    Returns
    -------
    found, log_odds, place
        Whether `out` was filled; the uncalibrated log-odds; and the pool index of the candidate that grades it.
    """
    instrument, ring, window = memory.instruments[slot], memory.rings[slot], patterns.window[pattern]
    chosen = np.empty(RING, np.int64)
    count, leading = match(pattern, direction, now, instrument, ring, patterns, chosen)
    if count == 0:
        return False, 0.0, NONE
    chosen = chosen[:count]
    towards = direction if patterns.directed[pattern] else np.int64(majority_direction(chosen, ring))
    last = memory.told[slot, pattern, towards + 1]
    if last and now - last < patterns.cooldown[pattern]:
        return False, 0.0, NONE
    supporting, opposing = sides(patterns.kind[pattern], towards, now, window, instrument, ring)
    if patterns.chance[pattern] < 1.0:
        pace = memory.paces[slot, patterns.kind[pattern]]
        if chance_probability(pace, now, window, supporting + opposing) > patterns.chance[pattern]:
            return False, 0.0, NONE
    base = shrunk_rate(memory.overall[0], EVEN, rules.strength)
    more, kind = (0.0, 0.0), patterns.statistic[pattern]
    statistic = float(count)
    if kind == REPEAT:
        decided, slots, shapes = candidates
        likely, neighbours, statistic = _repeated(slot, direction, decided, slots, shapes, base, memory, rules)
        if neighbours < LEAST_NEIGHBOURS or statistic <= patterns.threshold[pattern]:
            return False, 0.0, NONE
        more = (logit(likely) - logit(base), 1.0)
    joint = compose(
        chosen, towards, patterns.directed[pattern], now, window, base, more, instrument, ring, memory.detectors,
        rules.strength, rules.same_tape, out,
    )  # fmt: skip
    if kind == LOG_ODDS:
        statistic = joint
    elif kind == STRENGTH:
        statistic = 0.0
        for place in chosen[:leading]:
            statistic = max(statistic, ring[place].strength)
    elif kind == POSTERIOR:
        statistic = majority_posterior(supporting, opposing)
    if statistic < patterns.threshold[pattern] or out.expected_return <= 0.0:
        return False, 0.0, NONE
    out.pattern, out.statistic, out.spare = pattern, statistic, 0
    log_odds = logit(base) + joint
    calibrated(out, log_odds, memory.state[0].slope, memory.state[0].intercept)
    return True, log_odds, strongest_signal(chosen, towards, instrument, ring, memory.pool)


@kernel
def _follow_reference(relations, start, until, table, memory, rules):
    """Update the correlations with the reference up to an instant; return the next row."""
    row = start
    while row < relations.size and relations[row].ts <= until:
        if relations[row].frame == rules.primary:
            slot = table[1][find_slot(table[0], table[1], relations[row].instrument)]
            if slot >= 0:
                instrument = memory.instruments[slot]
                if instrument.seen_at and relations[row].ts - instrument.seen_at <= rules.quiet:
                    instrument.with_reference = relations[row].correlation
        row += 1
    return row


@kernel
def _search(touched, now, candidates, patterns, memory, rules, out):
    """Evaluate all patterns on the instruments with new evidence; return the number of composites emitted."""
    touched = touched[np.argsort(memory.instruments.instrument[touched], kind="mergesort")]
    pattern_count = patterns.window.size
    room = touched.size * pattern_count * 2
    slots, places, log_odds = np.empty(room, np.int64), np.empty(room, np.int64), np.empty(room)
    count = 0
    for slot in touched:
        for pattern in range(pattern_count):
            if not may_match(pattern, now, patterns, memory.answered[slot]):
                continue
            for direction in (-1, 1) if patterns.directed[pattern] else (0, 2):
                if direction == 2:
                    continue
                found, odds, place = _evaluate(
                    slot, pattern, direction, now, candidates, patterns, memory, rules, out[count]
                )
                if found:
                    slots[count], places[count], log_odds[count] = slot, place, odds
                    count += 1
    return select(out[:count], slots, log_odds, places, memory, rules) if count else 0


@kernel
def correlate_rows(outcomes, events, evidence, candidates, relations, table, patterns, memory, rules, out):
    """Process rows in the order of event time and emit composites.

    Parameters
    ----------
    outcomes, events, evidence
        OUTCOME, EVENT and EVIDENCE rows, each in its order.
    candidates
        (rows, regimes, (probability, expected value, risk penalty) of each, windows of each).
    relations
        RELATION rows in the order of `ts`.
    table
        (keys, slots) of `operators.kernels.slots`: every instrument above has a slot, except those
        that only have relations.
    patterns, memory, rules
        `PatternTable`; `Memory`, updated, with a free entry for each candidate; and `Rules`.
    out
        COMPOSITE rows, with room for two of each pattern for each row of events, evidence and candidates.

    Returns
    -------
    int
        Rows written.
    """
    decided, regimes, scores, shapes = candidates
    slots = np.empty(decided.size, np.int64)
    for at in range(decided.size):
        slots[at] = table[1][find_slot(table[0], table[1], decided[at].instrument)]
    touched = np.empty(events.size + evidence.size + decided.size, np.int64)
    # A record does not keep its array alive: without a reference to the array it would point to freed memory.
    scratch = np.zeros(1, EVIDENCE)
    outcome = event = piece = first = relation = written = 0
    while True:
        while event < events.size and events[event].frame < rules.primary:
            event += 1
        now = NEVER
        if outcome < outcomes.size:
            now = min(now, outcomes[outcome].exit_at)
        if event < events.size:
            now = min(now, events[event].ts)
        if piece < evidence.size:
            now = min(now, evidence[piece].ts)
        if first < decided.size:
            now = min(now, decided[first].ts)
        relation = _follow_reference(relations, relation, now, table, memory, rules)
        if now == NEVER:
            return written
        memory.state[0].now = now
        while outcome < outcomes.size and outcomes[outcome].exit_at == now:
            slot = table[1][find_slot(table[0], table[1], outcomes[outcome].instrument)]
            learn_outcome(outcomes[outcome], slot, memory, rules)
            outcome += 1
        count = 0
        while event < events.size and events[event].ts == now:
            if events[event].frame >= rules.primary:
                slot = table[1][find_slot(table[0], table[1], events[event].instrument)]
                add_event(events[event], slot, patterns, memory, rules, scratch[0])
                touched[count] = slot
                count += 1
            event += 1
        while piece < evidence.size and evidence[piece].ts == now:
            slot = table[1][find_slot(table[0], table[1], evidence[piece].instrument)]
            store_evidence(evidence[piece], slot, touch_instrument(slot, now, memory, rules), patterns, memory)
            touched[count] = slot
            count += 1
            piece += 1
        last = first
        while last < decided.size and decided[last].ts == now:
            score = (scores[last, 0], scores[last, 1], scores[last, 2])
            add_candidate(
                decided[last], slots[last], regimes[last], score, shapes[last], patterns, memory, rules, scratch[0]
            )
            touched[count] = slots[last]
            count += 1
            last += 1
        if count:
            here = (decided[first:last], slots[first:last], shapes[first:last])
            written += _search(np.unique(touched[:count]), now, here, patterns, memory, rules, out[written:])
        first = last
