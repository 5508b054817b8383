"""Open signals: the candidates without an outcome yet, and the uniqueness of their outcomes.

Candidates of one instrument and strategy form a lane. Candidates that are open at the same time share the same
market moves, so their outcomes are not independent. The average uniqueness of an outcome is the mean of 1 / c over
its lifetime, where c is the number of concurrent candidates. It is computed from the running integral of 1 / c,
without a record of the overlaps.

López de Prado, Advances in Financial Machine Learning, 2018, §4.4.
"""

import numpy as np

from operators.kernels import kernel

RELATED = 4
"""Maximum number of related signals stored and published per candidate."""
OPEN_SIGNAL = np.dtype(
    [(name, "<i8") for name in ("ts", "expires_at", "next", "regime", "emitted", "related")]
    + [(name, "<f8") for name in ("log_odds", "evidence", "share", "value", "final_score")]
)
"""An open candidate: input of the calibrator, own evidence, integral of its lane at the decision, expected value and
rank score."""
LANE = np.dtype(
    [(name, "<i8") for name in ("first", "open", "changed_at", "ts", "expires_at", "direction")]
    + [(name, "<f8") for name in ("share", "evidence")]
)
"""`first` is the head of the list of open candidates, as index + 1: 0 is none. `ts`, `expires_at`, `direction` and
`evidence` belong to the newest candidate; `expires_at` is 0 once it has ended."""
NONE = -1


@kernel
def _advance(lane, at):
    """Advance the integral of 1 / (number of open candidates) to `at`."""
    if lane.open > 0:
        lane.share += (at - lane.changed_at) / lane.open
    else:
        lane.share = 0.0
    lane.changed_at = at


@kernel
def open_signal(lane, ts, pool, free):
    """Allocate an entry for a new candidate at the head of its lane's list; `free[0]` is the number of free entries."""
    place = free[free[0]]
    free[0] -= 1
    _advance(lane, ts)
    lane.open += 1
    mine = pool[place]
    mine.ts, mine.share = ts, lane.share
    mine.next, lane.first = lane.first - 1, place + 1
    return place


@kernel
def close_signal(lane, ts, at, pool, free):
    """Remove the candidate that was decided at `ts`.

    Returns
    -------
    place, uniqueness, emitted
        Its index, readable until the next `open_signal`, or NONE; its uniqueness in (0, 1]; whether it was emitted.
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
def drop_lane(lane, pool, free):
    """Remove all candidates of a lane and reset the lane."""
    place = lane.first - 1
    while place != NONE:
        pool[place].emitted = 0
        free[0] += 1
        free[free[0]] = place
        place = pool[place].next
    lane.first = lane.open = lane.changed_at = lane.ts = lane.expires_at = lane.direction = 0
    lane.share = lane.evidence = 0.0
