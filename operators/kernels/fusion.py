"""Fusion: combine correlated pieces of evidence about the same market.

Evidence is log-odds over the base rate. For k pieces with correlation rho given the outcome, the sum divided by
1 + (k - 1) rho is exact for Gaussian evidence: rho = 0 gives the sum, rho = 1 the mean.

Clemen and Winkler, Limits for the Precision and Value of Information from Dependent Sources, 1985.
"""

import numpy as np

from operators.kernels import kernel
from operators.kernels.decay import retained

PAIRS = np.dtype(
    [("at", "<i8")] + [(name, "<f8") for name in ("count", "products", "squares", "won", "won_sum", "lost", "lost_sum")]
)
"""Decayed sums over pairs of evidence: products and squares of the residuals from the mean given the outcome; weight
and sum of the evidence for each of the two outcomes."""
LIKELY, LIKELY_WEIGHT = 0.5, 50.0
"""Prior correlation of signals of one instrument, and its weight in pairs. It is also the lower bound, since all of
them are derived from the same trades."""


@kernel
def fuse(evidence, weights, rho):
    """Joint log-odds over the base rate.

    Parameters
    ----------
    evidence
        (k,) log-odds over the base rate, the candidate's own first.
    weights
        (k,) decay weights in [0, 1]; the first is 1. Fully decayed evidence is ignored, and does not
        dilute the rest.
    """
    total = count = 0.0
    for at in range(evidence.size):
        total += weights[at] * evidence[at]
        count += weights[at]
    return total / (1.0 + (count - 1.0) * rho)


@kernel
def learn_pairs(pairs, own, others, won, weight, at, memory):
    """Add a graded candidate and the evidence of its related signals, positive in its direction."""
    keep = retained(at - pairs.at, weight, memory)
    pairs.at = at
    pairs.count, pairs.products, pairs.squares = pairs.count * keep, pairs.products * keep, pairs.squares * keep
    pairs.won, pairs.won_sum = pairs.won * keep, pairs.won_sum * keep
    pairs.lost, pairs.lost_sum = pairs.lost * keep, pairs.lost_sum * keep
    seen, total = weight * (1.0 + others.size), weight * (own + others.sum())
    if won:
        pairs.won += seen
        pairs.won_sum += total
        mean = pairs.won_sum / pairs.won
    else:
        pairs.lost += seen
        pairs.lost_sum += total
        mean = pairs.lost_sum / pairs.lost
    each = weight / others.size
    for other in others:
        pairs.count += each
        pairs.products += each * (own - mean) * (other - mean)
        pairs.squares += each * 0.5 * ((own - mean) ** 2 + (other - mean) ** 2)


@kernel
def correlation(pairs):
    """Correlation of evidence given the outcome, shrunk to the prior, in [LIKELY, 1]."""
    seen = pairs.products / pairs.squares if pairs.squares > 1e-12 * pairs.count else 0.0
    shrunk = (pairs.count * seen + LIKELY_WEIGHT * LIKELY) / (pairs.count + LIKELY_WEIGHT)
    return min(1.0, max(LIKELY, shrunk))
