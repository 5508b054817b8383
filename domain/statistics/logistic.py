"""Logistic: weighted logistic regression of a few coefficients, by Newton's method."""

import numpy as np
from numpy.typing import NDArray

from domain.statistics.odds import sigmoid
from domain.statistics.sample import Floats

_STEPS = 100


def logistic(
    features: NDArray[np.float64],
    targets: Floats,
    weights: Floats,
    *,
    start: Floats,
    ridge: float = 0.0,
) -> Floats | None:
    """Coefficients that minimise the weighted log loss plus `ridge` / 2 × squared distance from `start`.

    Parameters
    ----------
    features
        (rows, coefficients); a column of ones for the intercept.
    targets
        In [0, 1].
    weights
        Of each row, not negative.
    start
        Where to begin, and what is believed without data.
    ridge
        How strongly. With 0, separable data have no optimum.

    Returns
    -------
    array or None
        None if there is no single optimum.
    """
    found = start.astype(np.float64)
    loss = _loss(features, targets, weights, found, start, ridge)
    for _ in range(_STEPS):
        p = np.asarray(sigmoid(features @ found))
        gradient = features.T @ (weights * (p - targets)) + ridge * (found - start)
        curvature = (features.T * (weights * p * (1 - p))) @ features + ridge * np.eye(len(found))
        if not np.isfinite(curvature).all() or np.linalg.cond(curvature) > 1e14:
            return None
        step = np.linalg.solve(curvature, gradient)
        if np.abs(step).max() < 1e-12 * (1 + np.abs(found).max()):
            return found - step
        length = 1.0
        while (tried := _loss(features, targets, weights, found - length * step, start, ridge)) > loss + 1e-12 * abs(
            loss
        ):
            length /= 2
            if length < 1e-10:
                return found
        found, loss = found - length * step, tried
    return None


def _loss(
    features: NDArray[np.float64], targets: Floats, weights: Floats, at: Floats, start: Floats, ridge: float
) -> float:
    z = features @ at
    apart = at - start
    return float(weights @ (np.logaddexp(0.0, z) - targets * z)) + ridge / 2 * float(apart @ apart)
