"""Cooldown: after firing, a detector or strategy is suppressed for a number of bars of the same lane."""

import numpy as np

from operators.kernels import kernel


@kernel
def fire(strength, muted, lane, seen, silent, cooldowns):
    """Apply cooldowns to the strengths of detectors or strategies ("ideas").

    Parameters
    ----------
    strength
        (ideas, r), at most 63 ideas: neither 0 nor NaN where an idea would fire.
    muted
        (r,) bool: rows on which nothing may fire.
    lane, seen
        (r,) lane of each row, and its bar number in the lane; 1 resets the lane.
    silent
        (lanes, ideas): last bar of the current cooldown of each idea; updated.
    cooldowns
        (ideas,): length of the cooldown in bars.

    Returns
    -------
    tuple
        Row and idea of each firing, in the order (row, idea).
    """
    ideas = cooldowns.size
    willing = np.zeros(lane.size, np.int64)  # a bit for each idea
    for idea in range(ideas):
        bit = np.int64(1) << idea
        for row in range(lane.size):
            willing[row] |= bit if strength[idea, row] > 0.0 or strength[idea, row] < 0.0 else 0
    rows, which = np.empty(64, np.int64), np.empty(64, np.int64)
    count = 0
    for row in range(lane.size):
        at = lane[row]
        if seen[row] == 1:
            silent[at] = 0
        if not willing[row] or muted[row]:
            continue
        if count + ideas > rows.size:
            rows, which = np.concatenate((rows, rows)), np.concatenate((which, which))
        for idea in range(ideas):
            if willing[row] >> idea & 1 and seen[row] > silent[at, idea]:
                silent[at, idea] = seen[row] + cooldowns[idea]
                rows[count], which[count] = row, idea
                count += 1
    return rows[:count], which[:count]
