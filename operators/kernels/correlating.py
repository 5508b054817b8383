"""Correlating: evidence is taken in, patterns are tried, composites are told, in the order of event time.

At one instant outcomes come first, then all evidence, then the candidates that make evidence of
themselves, and only then the patterns: what is found does not depend on the order of listing.
"""

import numpy as np

from domain.evidence import EVIDENCE
from domain.slices import EMITTED
from operators.kernels import kernel
from operators.kernels.awaiting import NONE
from operators.kernels.composing import calibrated, compose, heading, strongest_signal
from operators.kernels.evidence import RING, by_chance
from operators.kernels.history import EVEN, rate
from operators.kernels.learning import decide, learn, notice, remember
from operators.kernels.logit import logit
from operators.kernels.matching import match, may_match, most_take_it, sides
from operators.kernels.neighbours import find_neighbours, repeat
from operators.kernels.recollection import NEVER, meet
from operators.kernels.slots import find_slot
from operators.kernels.telling import tell

DISTINCT, LOG_ODDS, STRENGTH, POSTERIOR, REPEAT = range(5)
"""Places in `operators.patterns.STATISTICS`."""
LEAST_NEIGHBOURS, DEVIATIONS = 15.0, 1.2816
"""Effective neighbours that a repeat needs, and the standard errors of its lower end: an 80 % interval."""


@kernel
def _repeated(slot, direction, decided, slots, shapes, base, memory, rules):
    """What past windows say of the emitted candidates of an instrument at this instant, as `repeat` returns it."""
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
def _try(slot, pattern, direction, now, candidates, asked, memory, rules, out):
    """Try a pattern on an instrument.

    Returns
    -------
    found, log_odds, place
        Whether `out` was filled; what is to be calibrated; and the candidate in the book that grades it.
    """
    house, ring, window = memory.houses[slot], memory.rings[slot], asked.window[pattern]
    chosen = np.empty(RING, np.int64)
    count, leading = match(pattern, direction, now, house, ring, asked, chosen)
    if count == 0:
        return False, 0.0, NONE
    chosen = chosen[:count]
    towards = direction if asked.directed[pattern] else np.int64(heading(chosen, ring))
    last = memory.told[slot, pattern, towards + 1]
    if last and now - last < asked.cooldown[pattern]:
        return False, 0.0, NONE
    supporting, opposing = sides(asked.kind[pattern], towards, now, window, house, ring)
    if asked.chance[pattern] < 1.0:
        pace = memory.paces[slot, asked.kind[pattern]]
        if by_chance(pace, now, window, supporting + opposing) > asked.chance[pattern]:
            return False, 0.0, NONE
    base = rate(memory.overall[0], EVEN, rules.strength)
    more, kind = (0.0, 0.0), asked.statistic[pattern]
    statistic = float(count)
    if kind == REPEAT:
        decided, slots, shapes = candidates
        likely, neighbours, statistic = _repeated(slot, direction, decided, slots, shapes, base, memory, rules)
        if neighbours < LEAST_NEIGHBOURS or statistic <= asked.threshold[pattern]:
            return False, 0.0, NONE
        more = (logit(likely) - logit(base), 1.0)
    joint = compose(
        chosen, towards, asked.directed[pattern], now, window, base, more, house, ring, memory.detectors,
        rules.strength, rules.same_tape, out,
    )  # fmt: skip
    if kind == LOG_ODDS:
        statistic = joint
    elif kind == STRENGTH:
        statistic = 0.0
        for place in chosen[:leading]:
            statistic = max(statistic, ring[place].strength)
    elif kind == POSTERIOR:
        statistic = most_take_it(supporting, opposing)
    if statistic < asked.threshold[pattern] or out.expected_return <= 0.0:
        return False, 0.0, NONE
    out.pattern, out.statistic, out.spare = pattern, statistic, 0
    log_odds = logit(base) + joint
    calibrated(out, log_odds, memory.state[0].slope, memory.state[0].intercept)
    return True, log_odds, strongest_signal(chosen, towards, house, ring, memory.pool)


@kernel
def _follow_reference(relations, start, until, table, memory, rules):
    """Take correlations with the reference in, up to an instant; the next row."""
    row = start
    while row < relations.size and relations[row].ts <= until:
        if relations[row].frame == rules.primary:
            slot = table[1][find_slot(table[0], table[1], relations[row].instrument)]
            if slot >= 0:
                house = memory.houses[slot]
                if house.seen_at and relations[row].ts - house.seen_at <= rules.quiet:
                    house.with_reference = relations[row].correlation
        row += 1
    return row


@kernel
def _search(touched, now, candidates, asked, memory, rules, out):
    """Try all patterns on the instruments that something new was seen of; how many composites were told."""
    touched = touched[np.argsort(memory.houses.instrument[touched], kind="mergesort")]
    patterns = asked.window.size
    room = touched.size * patterns * 2
    slots, places, log_odds = np.empty(room, np.int64), np.empty(room, np.int64), np.empty(room)
    count = 0
    for slot in touched:
        for pattern in range(patterns):
            if not may_match(pattern, now, asked, memory.answered[slot]):
                continue
            for direction in (-1, 1) if asked.directed[pattern] else (0, 2):
                if direction == 2:
                    continue
                found, odds, place = _try(slot, pattern, direction, now, candidates, asked, memory, rules, out[count])
                if found:
                    slots[count], places[count], log_odds[count] = slot, place, odds
                    count += 1
    return tell(out[:count], slots, log_odds, places, memory, rules) if count else 0


@kernel
def correlate_rows(outcomes, events, evidence, candidates, relations, table, asked, memory, rules, out):
    """Take rows in, in the order of event time, and tell the composites among them.

    Parameters
    ----------
    outcomes, events, evidence
        OUTCOME, EVENT and EVIDENCE rows, each in its order.
    candidates
        (rows, regimes, (probability, expected value, risk penalty) of each, windows of each).
    relations
        RELATION rows in the order of `ts`.
    table
        (keys, slots) of `operators.kernels.slots`: every instrument above has a slot, but for those
        that only have relations.
    asked, memory, rules
        What is looked for, and `Memory`, moved on, with a free place for each candidate.
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
    # A record does not keep its array alive: bound to a name by itself, it would point to freed memory.
    scratch = np.zeros(1, EVIDENCE)
    outcome = event = piece = first = relation = told = 0
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
            return told
        memory.state[0].now = now
        while outcome < outcomes.size and outcomes[outcome].exit_at == now:
            slot = table[1][find_slot(table[0], table[1], outcomes[outcome].instrument)]
            learn(outcomes[outcome], slot, memory, rules)
            outcome += 1
        count = 0
        while event < events.size and events[event].ts == now:
            if events[event].frame >= rules.primary:
                slot = table[1][find_slot(table[0], table[1], events[event].instrument)]
                notice(events[event], slot, asked, memory, rules, scratch[0])
                touched[count] = slot
                count += 1
            event += 1
        while piece < evidence.size and evidence[piece].ts == now:
            slot = table[1][find_slot(table[0], table[1], evidence[piece].instrument)]
            remember(evidence[piece], slot, meet(slot, now, memory, rules), asked, memory)
            touched[count] = slot
            count += 1
            piece += 1
        last = first
        while last < decided.size and decided[last].ts == now:
            score = (scores[last, 0], scores[last, 1], scores[last, 2])
            decide(decided[last], slots[last], regimes[last], score, shapes[last], asked, memory, rules, scratch[0])
            touched[count] = slots[last]
            count += 1
            last += 1
        if count:
            here = (decided[first:last], slots[first:last], shapes[first:last])
            told += _search(np.unique(touched[:count]), now, here, asked, memory, rules, out[told:])
        first = last
