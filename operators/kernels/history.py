"""History: how often a kind of candidate won, where each kind leans on the wider one it belongs to.

A Beta-Binomial at each level: all, strategy, strategy in a regime, the same for one instrument. The
mean of a level is the prior of the next, so few outcomes move little.

Gelman et al., Bayesian Data Analysis, 3rd edition 2013, chapter 5.
"""

import numpy as np

from operators.kernels import kernel
from operators.kernels.fading import kept

TRACK = np.dtype([("at", "<i8"), ("count", "<f8"), ("wins", "<f8")])
"""Outcomes and wins, faded, as of the newest outcome at `at`."""
EVEN = 0.5
"""What is expected of all before anything was graded."""


@kernel
def teach(track, won, weight, at, memory):
    """Add an outcome of `weight` in (0, 1] to a track."""
    keep = kept(at - track.at, weight, memory)
    track.count = track.count * keep + weight
    track.wins = track.wins * keep + (weight if won else 0.0)
    track.at = at


@kernel
def rate(track, parent, strength):
    """The mean of the posterior, in (0, 1), where the prior weighs as much as `strength` outcomes."""
    return (track.wins + strength * parent) / (track.count + strength)
