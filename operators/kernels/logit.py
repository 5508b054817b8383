"""Log-odds: the scale on which evidence adds up."""

import numpy as np

from operators.kernels import kernel

SURE = 1e-6
"""No probability is nearer to 0 or 1 than this, whoever claims it."""


@kernel
def logit(probability):
    """Log-odds of a probability, which is first kept within [SURE, 1 - SURE]."""
    inside = min(1.0 - SURE, max(SURE, probability))
    return np.log(inside / (1.0 - inside))


@kernel
def sigmoid(log_odds):
    """The probability of log-odds, kept within [SURE, 1 - SURE]."""
    return min(1.0 - SURE, max(SURE, 1.0 / (1.0 + np.exp(-log_odds))))
