"""Matching: whether the evidence of an instrument meets all requirements ("needs") of a pattern."""

import numpy as np

from operators.kernels import kernel
from operators.kernels.evidence import ENDED, RING


@kernel
def _answers(row, need, direction, patterns):
    """Whether a row meets a need; `direction` 0 accepts any direction."""
    if row.kind == ENDED or row.idea >= patterns.wanted.shape[2] or not patterns.wanted[need, row.kind, row.idea]:
        return False
    if row.strength < patterns.strength[need] or (patterns.sided[need] and row.direction == 0):
        return False
    return row.direction * direction >= 0


@kernel
def note_answers(row, patterns, answered):
    """Record the time at which each need was last met by any row; `answered` is (needs,) of one instrument."""
    for need in range(answered.size):
        if _answers(row, need, 0, patterns):
            answered[need] = row.ts


@kernel
def may_match(pattern, now, patterns, answered):
    """Cheap pre-filter: whether all needs were met within the window, and one of them at this instant."""
    new = False
    for need in range(patterns.first[pattern], patterns.first[pattern + 1]):
        if now - answered[need] >= patterns.window[pattern]:
            return False
        new = new or answered[need] == now
    return new


@kernel
def match(pattern, direction, now, instrument, ring, patterns, chosen):
    """Choose the rows that match a pattern, need by need, the newest of each source.

    Returns
    -------
    count, leading
        Number of ring indices in `chosen`, and number of those that meet the first need. Both 0 if a need is
        not met, no row is of this instant, or no row has the direction.
    """
    count = leading = 0
    new, sided = False, direction == 0
    filled = min(instrument.count, RING)
    for need in range(patterns.first[pattern], patterns.first[pattern + 1]):
        found = 0
        for back in range(filled):
            place = (instrument.count - 1 - back) % RING
            row = ring[place]
            if now - row.ts >= patterns.window[pattern]:
                break
            if not _answers(row, need, direction, patterns):
                continue
            known = False
            for each in range(count):
                other = ring[chosen[each]]
                known = known or (other.kind == row.kind and other.source == row.source)
            if known:
                continue
            chosen[count] = place
            count += 1
            found += 1
            new = new or row.ts == now
            sided = sided or row.direction == direction
        if found < patterns.least[need]:
            return 0, 0
        if need == patterns.first[pattern]:
            leading = found
    return (count, leading) if new and sided else (0, 0)


@kernel
def sides(kind, direction, now, window, instrument, ring):
    """Count the distinct sources of a kind within a window, for a direction and against it."""
    sources = np.empty(RING, np.int64)
    count = supporting = opposing = 0
    for back in range(min(instrument.count, RING)):
        row = ring[(instrument.count - 1 - back) % RING]
        if now - row.ts >= window:
            break
        if row.kind != kind or row.direction == 0:
            continue
        known = False
        for each in range(count):
            known = known or sources[each] == row.source
        if known:
            continue
        sources[count] = row.source
        count += 1
        if row.direction == direction:
            supporting += 1
        else:
            opposing += 1
    return supporting, opposing


@kernel
def majority_posterior(supporting, opposing):
    """Posterior probability that more than half take a side, 1 - I_0.5(supporting + 1, opposing + 1).

    For integers this is a binomial sum: P(at most `supporting` heads in n + 1 fair tosses).
    """
    tosses = supporting + opposing + 1
    term, total = 0.5**tosses, 0.0
    for heads in range(supporting + 1):
        total += term
        term *= (tosses - heads) / (heads + 1.0)
    return min(1.0, total)


@kernel
def agreement(direction, now, window, instrument, ring):
    """Fraction of the strength of all directional evidence that has this direction, [0, 1].

    For direction 0, the fraction of the larger side; 1 without directional evidence.
    """
    up = down = 0.0
    for back in range(min(instrument.count, RING)):
        row = ring[(instrument.count - 1 - back) % RING]
        if now - row.ts >= window:
            break
        if row.kind == ENDED:
            continue
        if row.direction > 0:
            up += row.strength
        elif row.direction < 0:
            down += row.strength
    if up + down <= 0.0:
        return 1.0
    mine = up if direction > 0 else down if direction < 0 else max(up, down)
    return mine / (up + down)
