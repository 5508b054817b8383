"""Telling: which of the composites that were found at one instant go out."""

import numpy as np

from domain.clock import DAY, HOUR
from operators.kernels import kernel
from operators.kernels.awaiting import CLAIMS, NONE

ALIKE = 0.8
"""Correlation with the reference from which two instruments that do the same at one instant tell one story."""


@kernel
def _refill(now, memory, rules):
    """Tokens that may be spent at this instant: an hour's worth at most, but room for one at least."""
    state, active = memory.state[0], 0
    for house in memory.houses:
        active += not house.vacant and house.seen_at > 0 and now - house.seen_at <= DAY
    an_hour = rules.an_hour * active / 10.0
    state.tokens = min(max(1.0, an_hour), state.tokens + (now - state.filled_at) * (an_hour / HOUR))
    state.filled_at = now
    return state.tokens if rules.an_hour > 0.0 else 0.0


@kernel
def _same_story(one, other, houses):
    """Whether two composites of one instant tell a move of the market that both instruments follow."""
    if one.pattern != other.pattern or one.direction != other.direction or one.direction == 0:
        return False
    for house in houses:
        if house.reference != house.instrument and not house.with_reference >= ALIKE:
            return False
    return houses[0].reference == houses[1].reference


@kernel
def tell(found, slots, log_odds, places, memory, rules):
    """Choose among the composites of one instant, the most confident first, and move those to the front.

    Returns
    -------
    int
        How many are told; they keep their order.
    """
    if _refill(found[0].ts, memory, rules) < 1.0:
        return 0
    told = np.zeros(found.size, np.bool_)
    for at in np.argsort(-found.composite_confidence, kind="mergesort"):
        if memory.state[0].tokens < 1.0:
            break
        one, fresh = found[at], True
        for other in range(found.size):
            if told[other]:
                pair = (memory.houses[slots[at]], memory.houses[slots[other]])
                fresh = fresh and not _same_story(one, found[other], pair)
        memory.told[slots[at], one.pattern, one.direction + 1] = one.ts
        if not fresh:
            continue
        memory.state[0].tokens -= 1.0
        told[at] = True
        if places[at] != NONE:
            claim = memory.pool[places[at]]
            if claim.claims < CLAIMS:
                claim.claimed[claim.claims] = log_odds[at]
                claim.claims += 1
    count = 0
    for at in range(found.size):
        if told[at]:
            found[count] = found[at]
            count += 1
    return count
