"""Platt scaling: a straight line from raw to calibrated log-odds, fitted to outcomes.

Platt, Probabilistic Outputs for Support Vector Machines, 1999; the targets and the safeguarded Newton
method after Lin, Lin and Weng, A Note on Platt's Probabilistic Outputs, 2007.
"""

import numpy as np

from operators.kernels import kernel
from operators.kernels.graded import LOG_ODDS, WEIGHT, WINS

FLATTEST = 0.05
"""Minimum slope: uninformative scores are shrunk to the base rate, but their order is preserved."""
STEPS = 50


@kernel
def _loss(log_odds, counts, targets, slope, intercept):
    """Penalised negative log-likelihood; the penalty shrinks towards the identity."""
    total = 0.5 * ((slope - 1.0) ** 2 + intercept**2)
    for at in range(counts.size):
        z = slope * log_odds[at] + intercept
        # log(1 + exp(z)) without overflow
        total += counts[at] * (max(z, 0.0) + np.log1p(np.exp(-abs(z)))) - targets[at] * z
    return total


@kernel
def _newton(log_odds, counts, targets, slope, intercept, tied):
    """Newton iteration from a starting line; with `tied` the slope is fixed."""
    for _ in range(STEPS):
        away_slope, away, h00, h01, h11 = slope - 1.0, intercept, 1.0, 0.0, 1.0
        for at in range(counts.size):
            x = log_odds[at]
            p = 1.0 / (1.0 + np.exp(-(slope * x + intercept)))
            miss, spread = counts[at] * p - targets[at], counts[at] * p * (1.0 - p)
            away_slope += miss * x
            away += miss
            h00 += spread * x * x
            h01 += spread * x
            h11 += spread
        if tied:
            away_slope, h01 = 0.0, 0.0
        determinant = h00 * h11 - h01 * h01
        step_slope = (h11 * away_slope - h01 * away) / determinant
        step = (h00 * away - h01 * away_slope) / determinant
        if max(abs(step_slope), abs(step)) < 1e-12:
            break
        size, before = 1.0, _loss(log_odds, counts, targets, slope, intercept)
        while size > 1e-6 and (
            _loss(log_odds, counts, targets, slope - size * step_slope, intercept - size * step) > before
        ):
            size *= 0.5
        slope, intercept = slope - size * step_slope, intercept - size * step
    return slope, intercept


@kernel
def calibrate(bins):
    """Fit the slope (at least FLATTEST) and intercept of the line from raw to calibrated log-odds.

    Parameters
    ----------
    bins
        (BINS, SUMS) sums of `graded` over all regimes.
    """
    count = 0
    log_odds, counts, targets = np.zeros(bins.shape[0]), np.zeros(bins.shape[0]), np.zeros(bins.shape[0])
    wins = bins[:, WINS].sum()
    losses = bins[:, WEIGHT].sum() - wins
    for_win, for_loss = (wins + 1.0) / (wins + 2.0), 1.0 / (losses + 2.0)
    for at in range(bins.shape[0]):
        weight = bins[at, WEIGHT]
        if weight > 0.0:
            log_odds[count], counts[count] = bins[at, LOG_ODDS] / weight, weight
            targets[count] = bins[at, WINS] * for_win + (weight - bins[at, WINS]) * for_loss
            count += 1
    log_odds, counts, targets = log_odds[:count], counts[:count], targets[:count]
    slope, intercept = _newton(log_odds, counts, targets, 1.0, 0.0, tied=False)
    if slope < FLATTEST:
        slope, intercept = _newton(log_odds, counts, targets, FLATTEST, 0.0, tied=True)
    return slope, intercept
