"""Pending candidates: those without an outcome yet, with the evidence at their decision."""

import numpy as np

from operators.kernels import kernel

CLAIMS = 4
"""Maximum number of composites graded by the outcome of one signal; further ones are not graded."""
PENDING = np.dtype(
    [(name, "<i8") for name in ("ts", "strategy", "next", "beside", "against", "kept", "claims")]
    + [("claimed", "<f8", (CLAIMS,))]
)
"""`beside` and `against`: bit masks of the detectors that fired with and against the candidate; `kept`: whether its
window will be stored for comparison; `claimed`: uncalibrated log-odds of the composites based on it."""
NONE = -1


@kernel
def add_pending(instrument, ts, strategy, pool, free):
    """Allocate a pool entry at the head of the instrument's list; `free[0]` is the number of free entries."""
    place = free[free[0]]
    free[0] -= 1
    mine = pool[place]
    mine.ts, mine.strategy, mine.claims = ts, strategy, 0
    mine.next, instrument.first = instrument.first - 1, place + 1
    return place


@kernel
def find_pending(instrument, ts, strategy, pool):
    """Index of a candidate and of its predecessor in the list; NONE where there is none."""
    before, place = NONE, instrument.first - 1
    while place != NONE and (pool[place].ts != ts or pool[place].strategy != strategy):
        before, place = place, pool[place].next
    return place, before


@kernel
def remove_pending(instrument, place, before, pool, free):
    """Unlink a candidate. Its row stays readable until the next call of `add_pending`."""
    if before == NONE:
        instrument.first = pool[place].next + 1
    else:
        pool[before].next = pool[place].next
    free[0] += 1
    free[free[0]] = place


@kernel
def clear_pending(instrument, pool, free):
    """Remove all pending candidates of an instrument."""
    while instrument.first:
        remove_pending(instrument, instrument.first - 1, NONE, pool, free)
