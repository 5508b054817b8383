"""Calibrators: monotone maps from a model's score to a probability that holds.

Fit them on predictions made out of sample only. They are frozen values and go to JSON with a model.
"""

from typing import Final

import msgspec
import numpy as np
from numpy.typing import ArrayLike

from domain.statistics.decay import effective_size
from domain.statistics.logistic import logistic
from domain.statistics.odds import logit, sigmoid
from domain.statistics.sample import Floats
from domain.statistics.scoring_rules import stated

_RIDGE: Final = 1.0  # the identity is believed with about the weight of one observation


class Identity(msgspec.Struct, frozen=True, tag=True, tag_field="kind"):
    """No map: too little is known. `n` is the effective number of outcomes seen."""

    n: float = 0.0

    def apply(self, p: ArrayLike) -> Floats:
        """The probabilities as they are."""
        return np.asarray(p, np.float64)


class Platt(msgspec.Struct, frozen=True, tag=True, tag_field="kind"):
    """σ(slope × logit(p) + intercept): two numbers, for few outcomes (Platt 1999)."""

    slope: float
    intercept: float
    n: float

    def apply(self, p: ArrayLike) -> Floats:
        """Calibrated probabilities, in (0, 1)."""
        return np.asarray(sigmoid(self.slope * np.asarray(logit(np.asarray(p, np.float64))) + self.intercept))


class Beta(msgspec.Struct, frozen=True, tag=True, tag_field="kind"):
    """σ(a ln p − b ln(1 − p) + c) with a, b ≥ 0; contains the identity (Kull, Silva Filho and Flach 2017)."""

    a: float
    b: float
    c: float
    n: float

    def apply(self, p: ArrayLike) -> Floats:
        """Calibrated probabilities, in (0, 1)."""
        return np.asarray(sigmoid(_logs(np.asarray(p, np.float64)) @ np.array([self.a, self.b, self.c])))


class Isotonic(msgspec.Struct, frozen=True, tag=True, tag_field="kind"):
    """A rising staircase: `values[i]` from `steps[i]` on. For thousands of outcomes."""

    steps: tuple[float, ...]
    values: tuple[float, ...]
    n: float

    def apply(self, p: ArrayLike) -> Floats:
        """Calibrated probabilities, kept 1 / (n + 2) away from 0 and 1."""
        place = np.searchsorted(np.array(self.steps), np.asarray(p, np.float64), side="right") - 1
        edge = 1 / (self.n + 2)
        return np.asarray(np.clip(np.array(self.values)[np.maximum(place, 0)], edge, 1 - edge))


Calibrator = Identity | Platt | Beta | Isotonic


def fit(probabilities: ArrayLike, won: ArrayLike, weights: ArrayLike | None = None) -> Calibrator:
    """The calibrator that so many outcomes can carry: none under 30 effective ones, Platt under 1,000,
    Beta under 5,000, then Isotonic.

    Parameters
    ----------
    probabilities, won
        Predictions out of sample, and what happened; NaN (none stated) is left out.
    weights
        Uniqueness × decay; 1 if not given.

    Examples
    --------
    >>> fit([0.2, 0.8], [False, True])
    Identity(n=2.0)
    """
    _, _, w = _known(probabilities, won, weights)
    n = effective_size(w)
    if n < 30:
        return Identity(n)
    if n < 1_000:
        return fit_platt(probabilities, won, weights)
    if n < 5_000:
        return fit_beta(probabilities, won, weights)
    return fit_isotonic(probabilities, won, weights)


def fit_platt(probabilities: ArrayLike, won: ArrayLike, weights: ArrayLike | None = None) -> Platt:
    """Platt scaling with Platt's targets: all wins or all losses still leave room for the other.

    The slope is never negative: a calibrator does not turn a ranking round.
    """
    p, y, w = _known(probabilities, won, weights)
    features = np.column_stack([np.asarray(logit(p)), np.ones(len(p))])
    slope, intercept = _rising(features, _targets(y, w), w, np.array([1.0, 0.0]))
    return Platt(slope, intercept, effective_size(w))


def fit_beta(probabilities: ArrayLike, won: ArrayLike, weights: ArrayLike | None = None) -> Beta:
    """Beta calibration."""
    p, y, w = _known(probabilities, won, weights)
    a, b, c = _rising(_logs(p), _targets(y, w), w, np.array([1.0, 1.0, 0.0]))
    return Beta(a, b, c, effective_size(w))


def fit_isotonic(probabilities: ArrayLike, won: ArrayLike, weights: ArrayLike | None = None) -> Isotonic:
    """Isotonic regression; equal probabilities get equal values.

    Examples
    --------
    >>> fit_isotonic([0.1, 0.2, 0.3, 0.4], [0, 1, 0, 1]).values
    (0.0, 0.5, 1.0)
    """
    p, y, w = _known(probabilities, won, weights)
    if not len(p):
        return Isotonic((0.0,), (0.5,), 0.0)
    steps, place = np.unique(p, return_inverse=True)
    heavy = np.bincount(place, w)
    values = pool_adjacent(np.bincount(place, w * y) / heavy, heavy)
    first = np.flatnonzero(np.diff(values, prepend=-1.0))
    return Isotonic(tuple(steps[first].tolist()), tuple(values[first].tolist()), effective_size(w))


def pool_adjacent(values: ArrayLike, weights: ArrayLike | None = None) -> Floats:
    """The rising series nearest to `values`: neighbours that fall are pooled (Ayer et al. 1955).

    Examples
    --------
    >>> pool_adjacent([1, 3, 2, 4, 3, 5])
    array([1. , 2.5, 2.5, 3.5, 3.5, 5. ])
    """
    given = np.asarray(values, np.float64)
    heavy = np.ones(len(given)) if weights is None else np.asarray(weights, np.float64)
    pools: list[tuple[float, float, int]] = []  # mean, weight, length
    for value, weight in zip(given.tolist(), heavy.tolist(), strict=True):
        mean, total, length = value, weight, 1
        while pools and pools[-1][0] >= mean:
            before, more, longer = pools.pop()
            mean = (before * more + mean * total) / (more + total)
            total, length = more + total, longer + length
        pools.append((mean, total, length))
    return np.repeat([mean for mean, _, _ in pools], [length for _, _, length in pools]) if pools else given


def _known(probabilities: ArrayLike, won: ArrayLike, weights: ArrayLike | None) -> tuple[Floats, Floats, Floats]:
    """Stated probabilities, outcomes as 0 and 1, and weights; those without weight are left out."""
    p, y = stated(probabilities, won)
    given = np.asarray(probabilities, np.float64)
    w = np.ones(len(p)) if weights is None else np.asarray(weights, np.float64)[~np.isnan(given)]
    if (w < 0).any():
        raise ValueError(f"weight {w.min()} is negative")
    heavy = w > 0
    return p[heavy], y[heavy].astype(np.float64), w[heavy]


def _targets(y: Floats, w: Floats) -> Floats:
    """Platt's: the rate after one more win and one more loss."""
    wins, losses = float(w @ y), float(w @ (1 - y))
    return np.asarray(np.where(y > 0, (wins + 1) / (wins + 2), 1 / (losses + 2)))


def _logs(p: Floats) -> Floats:
    z = np.asarray(logit(p))
    return np.stack([-np.logaddexp(0.0, -z), np.logaddexp(0.0, z), np.ones_like(z)], axis=-1)


def _rising(features: Floats, targets: Floats, w: Floats, start: Floats) -> list[float]:
    """Coefficients with none but the last (the intercept) negative: a negative one is left out."""
    free = np.ones(len(start), np.bool_)
    found = start.copy()
    while True:
        fitted = logistic(features[:, free], targets, w, start=start[free], ridge=_RIDGE)
        found[:] = 0.0
        found[free] = start[free] if fitted is None else fitted
        negative = (found < 0) & (np.arange(len(start)) < len(start) - 1)
        if not negative.any():
            return [float(value) for value in found]
        free &= ~negative
