"""Matching: whether the evidence of an instrument answers all needs of a pattern."""

import numpy as np

from operators.kernels import kernel
from operators.kernels.evidence import ENDED, RING


@kernel
def _answers(row, need, direction, asked):
    """Whether a row may answer a need; `direction` is 0 where any will do."""
    if row.kind == ENDED or row.idea >= asked.wanted.shape[2] or not asked.wanted[need, row.kind, row.idea]:
        return False
    if row.strength < asked.strength[need] or (asked.sided[need] and row.direction == 0):
        return False
    return row.direction * direction >= 0


@kernel
def note_answers(row, asked, answered):
    """Note when each need was last answered by anything; `answered` is (needs,), of one instrument."""
    for need in range(answered.size):
        if _answers(row, need, 0, asked):
            answered[need] = row.ts


@kernel
def may_match(pattern, now, asked, answered):
    """Whether all needs were answered within the window and one of them is so now. Nearly always not."""
    new = False
    for need in range(asked.first[pattern], asked.first[pattern + 1]):
        if now - answered[need] >= asked.window[pattern]:
            return False
        new = new or answered[need] == now
    return new


@kernel
def match(pattern, direction, now, house, ring, asked, chosen):
    """Choose the rows that answer a pattern, need by need, of each idea the newest.

    Returns
    -------
    count, leading
        How many places of the ring stand in `chosen`, and how many of them answer the first need.
        0, if a need is not answered, if nothing is new, or if none of them has the direction.
    """
    count = leading = 0
    new, sided = False, direction == 0
    filled = min(house.count, RING)
    for need in range(asked.first[pattern], asked.first[pattern + 1]):
        found = 0
        for back in range(filled):
            place = (house.count - 1 - back) % RING
            row = ring[place]
            if now - row.ts >= asked.window[pattern]:
                break
            if not _answers(row, need, direction, asked):
                continue
            told = False
            for each in range(count):
                other = ring[chosen[each]]
                told = told or (other.kind == row.kind and other.source == row.source)
            if told:
                continue
            chosen[count] = place
            count += 1
            found += 1
            new = new or row.ts == now
            sided = sided or row.direction == direction
        if found < asked.least[need]:
            return 0, 0
        if need == asked.first[pattern]:
            leading = found
    return (count, leading) if new and sided else (0, 0)


@kernel
def sides(kind, direction, now, window, house, ring):
    """Different sources of a kind within a window, for a direction and against it."""
    sources = np.empty(RING, np.int64)
    count = supporting = opposing = 0
    for back in range(min(house.count, RING)):
        row = ring[(house.count - 1 - back) % RING]
        if now - row.ts >= window:
            break
        if row.kind != kind or row.direction == 0:
            continue
        told = False
        for each in range(count):
            told = told or sources[each] == row.source
        if told:
            continue
        sources[count] = row.source
        count += 1
        if row.direction == direction:
            supporting += 1
        else:
            opposing += 1
    return supporting, opposing


@kernel
def most_take_it(supporting, opposing):
    """Posterior that more than half take a side, 1 - I_0.5(supporting + 1, opposing + 1).

    For whole numbers that is a sum of coin tosses: P(at most `supporting` heads in n + 1).
    """
    tosses = supporting + opposing + 1
    term, total = 0.5**tosses, 0.0
    for heads in range(supporting + 1):
        total += term
        term *= (tosses - heads) / (heads + 1.0)
    return min(1.0, total)


@kernel
def agreement(direction, now, window, house, ring):
    """The share of all evidence with a direction, by strength, that points this way, [0, 1].

    Where the direction is 0, the share of the larger side; 1 where nothing has one.
    """
    up = down = 0.0
    for back in range(min(house.count, RING)):
        row = ring[(house.count - 1 - back) % RING]
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
