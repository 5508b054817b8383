"""History: hierarchical Beta-Binomial win rates of candidates.

The levels are: all candidates, strategy, strategy in a regime, strategy in a regime for one instrument. The
posterior mean of a level is the prior mean of the next, so that few outcomes have little effect.

Gelman et al., Bayesian Data Analysis, 3rd edition 2013, chapter 5.
"""

import numpy as np

from operators.kernels import kernel
from operators.kernels.decay import retained

TRACK = np.dtype([("at", "<i8"), ("count", "<f8"), ("wins", "<f8")])
"""Decayed numbers of outcomes and wins, as of the newest outcome at `at`."""
EVEN = 0.5
"""Prior win rate before any outcome."""


@kernel
def update_track(track, won, weight, at, memory):
    """Add an outcome of `weight` in (0, 1] to a track."""
    keep = retained(at - track.at, weight, memory)
    track.count = track.count * keep + weight
    track.wins = track.wins * keep + (weight if won else 0.0)
    track.at = at


@kernel
def shrunk_rate(track, parent, strength):
    """Posterior mean of the win rate, in (0, 1); the prior `parent` weighs as much as `strength` outcomes."""
    return (track.wins + strength * parent) / (track.count + strength)
