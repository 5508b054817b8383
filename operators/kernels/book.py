"""Book: what was thought of each candidate that is still open, and how much of its time was its own.

Candidates of one instrument and strategy form a lane. Those that are open at the same time share what
the market does to them; the uniqueness of an outcome is the mean, over its life, of one over their
number. It needs no memory of who overlapped whom, only the running integral of that share.

López de Prado, Advances in Financial Machine Learning, 2018, §4.4.
"""

import numpy as np

from operators.kernels import kernel

RELATED = 4
"""Signals that are remembered, and told, as related to a candidate."""
THOUGHT = np.dtype(
    [(name, "<i8") for name in ("ts", "expires_at", "next", "regime", "emitted", "related")]
    + [(name, "<f8") for name in ("log_odds", "evidence", "share", "value", "final_score")]
)
"""An open candidate: calibrator's input, own evidence, its lane's integral at the decision, expected value
and rank score."""
LANE = np.dtype(
    [(name, "<i8") for name in ("first", "open", "changed_at", "ts", "expires_at", "direction")]
    + [(name, "<f8") for name in ("share", "evidence")]
)
"""`first` begins the chain of open candidates, one more than their place: 0 is none. `ts`, `expires_at`,
`direction` and `evidence` are of the newest candidate; `expires_at` is 0 once it has ended."""
NONE = -1


@kernel
def _advance(lane, at):
    """Bring the integral of one over the number of open candidates up to `at`."""
    if lane.open > 0:
        lane.share += (at - lane.changed_at) / lane.open
    else:
        lane.share = 0.0
    lane.changed_at = at


@kernel
def put(lane, ts, pool, free):
    """A place for a new candidate, at the head of its lane's chain; `free[0]` counts the free places behind it."""
    place = free[free[0]]
    free[0] -= 1
    _advance(lane, ts)
    lane.open += 1
    mine = pool[place]
    mine.ts, mine.share = ts, lane.share
    mine.next, lane.first = lane.first - 1, place + 1
    return place


@kernel
def take(lane, ts, at, pool, free):
    """Take the candidate that was decided at `ts` out of the book.

    Returns
    -------
    place, uniqueness, emitted
        Its place, to be read before the next `put`, or NONE; its uniqueness in (0, 1]; and whether it was let through.
    """
    before, place = NONE, lane.first - 1
    while place != NONE and pool[place].ts != ts:
        before, place = place, pool[place].next
    if place == NONE:
        return NONE, 0.0, False
    mine = pool[place]
    shared = 1.0 / lane.open
    _advance(lane, at)
    lane.open -= 1
    if before == NONE:
        lane.first = mine.next + 1
    else:
        pool[before].next = mine.next
    emitted = mine.emitted != 0
    mine.emitted = 0
    free[0] += 1
    free[free[0]] = place
    return place, min(1.0, (lane.share - mine.share) / (at - ts)) if at > ts else shared, emitted


@kernel
def drop(lane, pool, free):
    """Take all candidates of a lane out of the book and forget the lane."""
    place = lane.first - 1
    while place != NONE:
        pool[place].emitted = 0
        free[0] += 1
        free[free[0]] = place
        place = pool[place].next
    lane.first = lane.open = lane.changed_at = lane.ts = lane.expires_at = lane.direction = 0
    lane.share = lane.evidence = 0.0
