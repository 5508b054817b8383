"""Awaiting: candidates whose outcome is not known yet, with what was seen when they were decided."""

import numpy as np

from operators.kernels import kernel

CLAIMS = 4
"""Composites that one signal may grade; further ones are not graded."""
AWAITED = np.dtype(
    [(name, "<i8") for name in ("ts", "strategy", "next", "beside", "against", "kept", "claims")]
    + [("claimed", "<f8", (CLAIMS,))]
)
"""Bits of the detectors that fired beside it, and of those that pointed the other way; whether its
window is to be kept for comparison; and the log-odds, before calibration, of composites built on it."""
NONE = -1


@kernel
def await_outcome(house, ts, strategy, pool, free):
    """A place for a candidate, at the head of its instrument's chain; `free[0]` counts the free places."""
    place = free[free[0]]
    free[0] -= 1
    mine = pool[place]
    mine.ts, mine.strategy, mine.claims = ts, strategy, 0
    mine.next, house.first = house.first - 1, place + 1
    return place


@kernel
def find_awaited(house, ts, strategy, pool):
    """The place of a candidate and of the one before it in the chain; NONE where there is none."""
    before, place = NONE, house.first - 1
    while place != NONE and (pool[place].ts != ts or pool[place].strategy != strategy):
        before, place = place, pool[place].next
    return place, before


@kernel
def take_out(house, place, before, pool, free):
    """Take a candidate out of the chain. Its row can be read until the next one is awaited."""
    if before == NONE:
        house.first = pool[place].next + 1
    else:
        pool[before].next = pool[place].next
    free[0] += 1
    free[free[0]] = place


@kernel
def drop_all(house, pool, free):
    """Await nothing more of an instrument."""
    while house.first:
        take_out(house, house.first - 1, NONE, pool, free)
