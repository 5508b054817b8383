"""Selection: rate-limit and deduplicate the composites found at one instant."""

import numpy as np

from domain.clock import DAY, HOUR
from operators.kernels import kernel
from operators.kernels.pending import CLAIMS, NONE

SAME_MOVE = 0.8
"""Correlation with the reference from which simultaneous composites of two instruments count as one market move."""


@kernel
def _refill(now, memory, rules):
    """Refill the token bucket and return the available tokens; its capacity is one hour's worth, at least 1."""
    state, active = memory.state[0], 0
    for instrument in memory.instruments:
        active += not instrument.vacant and instrument.seen_at > 0 and now - instrument.seen_at <= DAY
    an_hour = rules.an_hour * active / 10.0
    state.tokens = min(max(1.0, an_hour), state.tokens + (now - state.filled_at) * (an_hour / HOUR))
    state.filled_at = now
    return state.tokens if rules.an_hour > 0.0 else 0.0


@kernel
def _same_move(one, other, instruments):
    """Whether two composites of one instant reflect one move of the market that both instruments follow."""
    if one.pattern != other.pattern or one.direction != other.direction or one.direction == 0:
        return False
    for instrument in instruments:
        if instrument.reference != instrument.instrument and not instrument.with_reference >= SAME_MOVE:
            return False
    return instruments[0].reference == instruments[1].reference


@kernel
def select(found, slots, log_odds, places, memory, rules):
    """Select composites of one instant, the most confident first, and move them to the front.

    Returns
    -------
    int
        Number selected; their order is preserved.
    """
    if _refill(found[0].ts, memory, rules) < 1.0:
        return 0
    selected = np.zeros(found.size, np.bool_)
    for at in np.argsort(-found.composite_confidence, kind="mergesort"):
        if memory.state[0].tokens < 1.0:
            break
        one, fresh = found[at], True
        for other in range(found.size):
            if selected[other]:
                pair = (memory.instruments[slots[at]], memory.instruments[slots[other]])
                fresh = fresh and not _same_move(one, found[other], pair)
        memory.told[slots[at], one.pattern, one.direction + 1] = one.ts
        if not fresh:
            continue
        memory.state[0].tokens -= 1.0
        selected[at] = True
        if places[at] != NONE:
            claim = memory.pool[places[at]]
            if claim.claims < CLAIMS:
                claim.claimed[claim.claims] = log_odds[at]
                claim.claims += 1
    count = 0
    for at in range(found.size):
        if selected[at]:
            found[count] = found[at]
            count += 1
    return count
