"""Cooldown: after it fired, an idea keeps silent for some bars of the same lane."""

import numpy as np

from operators.kernels import kernel


@kernel
def fire(strength, lane, seen, rest, cooldowns):
    """Which rows fire.

    Parameters
    ----------
    strength
        (ideas, r): not 0 and not NaN where an idea would fire.
    rest
        (lanes, ideas): bars that are still to be silent; moved on.
    cooldowns
        (ideas,): bars to be silent after firing.

    Returns
    -------
    (ideas, r) bool.
    """
    fired = np.zeros(strength.shape, np.bool_)
    for row in range(lane.size):
        at = lane[row]
        for idea in range(cooldowns.size):
            if seen[row] == 1:
                rest[at, idea] = 0
            if rest[at, idea] > 0:
                rest[at, idea] -= 1
            elif strength[idea, row] != 0.0 and not np.isnan(strength[idea, row]):
                fired[idea, row] = True
                rest[at, idea] = cooldowns[idea]
    return fired
