"""Thresholds: the least probability at and above which candidates are known to pay.

All candidates are graded, the suppressed too, so each probability on the grid is judged by all that
would have been emitted there: there is nothing to explore.
"""

import numpy as np

from operators.kernels import kernel
from operators.kernels.graded import BINS, LOWEST, SQUARES, SUMS, TOTAL, TOTAL_SQUARES, WEIGHT, WIDTH
from operators.kernels.logit import sigmoid

LEAST, MOST, POINTS = 0.25, 0.95, 21
"""The grid of probabilities."""


@kernel
def _pays(own, others, strength, least, deviations):
    """Whether the mean return is credibly above 0, by the sums of a regime and of all others.

    The others count as at most `strength` outcomes more. Fewer than `least` in all prove nothing.
    """
    share = min(1.0, strength / others[WEIGHT]) if others[WEIGHT] > 0.0 else 0.0
    weight, squares = own[WEIGHT] + share * others[WEIGHT], own[SQUARES] + share * others[SQUARES]
    if weight <= 0.0 or weight * weight < least * squares:
        return False
    mean = (own[TOTAL] + share * others[TOTAL]) / weight
    spread = max(0.0, (own[TOTAL_SQUARES] + share * others[TOTAL_SQUARES]) / weight - mean * mean)
    return mean - deviations * np.sqrt(spread * squares) / weight > 0.0


@kernel
def wanted(table, regime, slope, intercept, strength, least, deviations):
    """The least probability of the grid that pays in a regime; MOST if none does.

    Parameters
    ----------
    table
        (regimes, BINS, SUMS) of `graded`.
    slope, intercept
        Of the calibrator in force.
    strength
        How many outcomes the other regimes count for.
    least
        Effective outcomes that a probability must have had.
    deviations
        Standard errors that the mean return must lie above 0.
    """
    own, others = np.zeros(SUMS), np.zeros(SUMS)
    chosen, at = MOST, BINS - 1
    for point in range(POINTS - 1, -1, -1):
        probability = LEAST + (MOST - LEAST) * point / (POINTS - 1)
        while at >= 0 and sigmoid(slope * (LOWEST + (at + 0.5) * WIDTH) + intercept) >= probability:
            for each in range(table.shape[0]):
                sums = own if each == regime else others
                for name in range(SUMS):
                    sums[name] += table[each, at, name]
            at -= 1
        if _pays(own, others, strength, least, deviations):
            chosen = probability
    return chosen
