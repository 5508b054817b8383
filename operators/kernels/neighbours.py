"""Nearest neighbours: past feature windows similar to the current one, and their outcomes.

Brute force over a bounded memory, (columns, windows): for a few thousand windows of a few tens of columns this is
faster than maintaining an index. Columns are scaled by their running standard deviations.
"""

import numpy as np

from operators.kernels import kernel

WINDOW = np.dtype([("resolved_at", "<i8"), ("direction", "i1"), ("won", "u1"), ("spare", "u1", (6,))])
"""A window with a known outcome; `resolved_at` is 0 for an empty entry."""
SCALE = np.dtype([("count", "<i8"), ("mean", "<f8"), ("variance", "<f8")])
"""Running mean and variance of a column."""
APART = 2.0
"""Expected squared difference of two independent standardised values; imputed where a value is missing."""


@kernel
def keep_window(windows, vectors, scales, place, vector, resolved_at, direction, won):
    """Store a window with its outcome in place of the oldest, and update the moments of the columns."""
    windows[place].resolved_at, windows[place].direction = resolved_at, direction
    windows[place].won = 1 if won else 0
    for column in range(vector.size):
        vectors[column, place] = vector[column]
        value = np.float64(vector[column])
        if np.isnan(value):
            continue
        scale = scales[column]
        scale.count += 1
        # An arithmetic mean until the memory is full, then an exponential one with the same span.
        share = max(1.0 / scale.count, 2.0 / (windows.size + 1.0))
        away = value - scale.mean
        scale.mean += share * away
        scale.variance = (1.0 - share) * (scale.variance + share * away * away)


@kernel
def find_neighbours(windows, vectors, scales, vector, direction, until, distances, places):
    """Find the nearest windows of the same direction that were resolved at or before `until`.

    Parameters
    ----------
    distances, places
        (k,) output: squared distances, nearest first, and the indices of the windows; ties go to the lower
        index.

    Returns
    -------
    int
        Number of neighbours found.
    """
    kept = np.count_nonzero(windows.resolved_at)
    totals = np.zeros(kept)
    for column in range(vector.size):
        value, variance, theirs = np.float64(vector[column]), scales[column].variance, vectors[column]
        inverse = 1.0 / variance if variance > 0.0 else 0.0
        # Contiguous over windows, so that the loop is vectorised.
        for place in range(kept):
            gap = value - np.float64(theirs[place])
            square = gap * gap * inverse
            totals[place] += APART if np.isnan(square) else square
    count = 0
    for place in range(kept):
        window, total = windows[place], totals[place]
        if window.resolved_at > until or window.direction != direction:
            continue
        if count == distances.size and total >= distances[count - 1]:
            continue
        at = min(count, distances.size - 1)
        while at > 0 and distances[at - 1] > total:
            distances[at], places[at] = distances[at - 1], places[at - 1]
            at -= 1
        distances[at], places[at] = total, place
        count = min(count + 1, distances.size)
    return count


@kernel
def repeat(windows, distances, places, count, columns, base, strength, deviations):
    """Kernel-weighted win rate of the neighbours, their effective number, and the lower bound of the lift.

    A neighbour at squared distance d^2 has the weight exp(-d^2 / 2 h^2), where h^2 is a quarter of the expected
    squared distance of two unrelated windows. The win rate is shrunk to the base rate, with weight `strength`.

    Returns
    -------
    tuple
        (rate in (0, 1), effective number of neighbours, lower bound of rate - base).
    """
    spread = 0.25 * APART * columns
    weight = squares = wins = 0.0
    for at in range(count):
        w = np.exp(-distances[at] / (2.0 * spread))
        weight += w
        squares += w * w
        wins += w * windows[places[at]].won
    effective = weight * weight / squares if squares > 0.0 else 0.0
    rate = (wins + strength * base) / (weight + strength)
    error = np.sqrt(rate * (1.0 - rate) / (weight + strength + 1.0))
    return rate, effective, rate - base - deviations * error
