"""Log-odds: the scale on which independent evidence is additive."""

import numpy as np

from operators.kernels import kernel

SURE = 1e-6
"""Probabilities are clipped to [SURE, 1 - SURE]."""


@kernel
def logit(probability):
    """Log-odds of a probability, clipped to [SURE, 1 - SURE]."""
    inside = min(1.0 - SURE, max(SURE, probability))
    return np.log(inside / (1.0 - inside))


@kernel
def sigmoid(log_odds):
    """Probability of log-odds, clipped to [SURE, 1 - SURE]."""
    return min(1.0 - SURE, max(SURE, 1.0 / (1.0 + np.exp(-log_odds))))
