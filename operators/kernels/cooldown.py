"""Cooldown: after it fired, an idea keeps silent for some bars of the same lane."""

import numpy as np

from operators.kernels import kernel


@kernel
def fire(strength, muted, lane, seen, silent, cooldowns):
    """What fires.

    Parameters
    ----------
    strength
        (ideas, r), at most 63 ideas: not 0 and not NaN where an idea would fire.
    muted
        (r,) bool: where nothing may fire.
    lane, seen
        (r,) lane of each row, and the number of its bar there; 1 begins the lane anew.
    silent
        (lanes, ideas): the bar up to which an idea keeps silent; moved on.
    cooldowns
        (ideas,): bars to be silent after firing.

    Returns
    -------
    tuple
        Row and idea of each, in the order (row, idea).
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
