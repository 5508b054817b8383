"""Odds: evidence on the log-odds scale, where independent pieces add up, and where it fades."""

from typing import Final, TypeVar, cast

import numpy as np
from numpy.typing import ArrayLike

from domain.statistics.sample import Floats

Number = TypeVar("Number", float, Floats)

CERTAIN: Final = 1e-6
"""A probability is taken as no nearer to 0 or 1 than this: no evidence here is infinitely strong."""


def logit(p: Number) -> Number:
    """Log-odds of a probability; 0 and 1 are taken as `CERTAIN`.

    Examples
    --------
    >>> logit(0.5), logit(1.0)
    (0.0, 13.8155)
    """
    inner = np.clip(p, CERTAIN, 1 - CERTAIN)
    return cast(Number, _plain(np.log(inner) - np.log1p(-inner)))


def sigmoid(z: Number) -> Number:
    """The probability whose log-odds are `z`; large ones do not overflow.

    Examples
    --------
    >>> sigmoid(0.0), sigmoid(-1000.0)
    (0.5, 0.0)
    """
    return cast(Number, _plain(np.exp(-np.logaddexp(0.0, -np.asarray(z, np.float64)))))


def evidence(p: Number, base: float) -> Number:
    """Log-odds in excess of the base rate: 0 is neutral, negative is evidence against."""
    return cast(Number, _plain(np.asarray(logit(p)) - logit(base)))


def fuse(pieces: ArrayLike, *, base: float, correlation: float) -> float:
    """The probability that pieces of equally correlated evidence give together.

    Exact for evidence that is Gaussian given the outcome: the log-odds in excess of the base rate are
    summed and divided by 1 + (k − 1) ρ. At ρ = 0 they add up, at ρ = 1 a second piece adds nothing.

    Parameters
    ----------
    pieces
        Probabilities, each on its own, of the same side; NaN is left out. None at all: the base rate.
    base
        Base rate, in (0, 1).
    correlation
        Of the pieces given the outcome, in [0, 1].

    Examples
    --------
    >>> fuse([0.6, 0.7], base=0.5, correlation=0.5)
    0.697448
    >>> fuse([0.6, 0.7], base=0.5, correlation=0.0)
    0.777778
    """
    given = np.asarray(pieces, np.float64)
    return sigmoid(logit(base) + discounted(evidence(given[~np.isnan(given)], base), correlation))


def discounted(excess: ArrayLike, correlation: float) -> float:
    """Sum of excess log-odds over 1 + (k − 1) ρ; in order of size, so that theirs does not matter."""
    values = np.sort(np.asarray(excess, np.float64))
    return float(values.sum()) / (1 + max(0, len(values) - 1) * correlation)


def weights(correlation: ArrayLike, separation: ArrayLike, *, shrinkage: float = 0.5) -> Floats:
    """Weight of each piece of evidence where correlations differ, in [0, 1].

    Parameters
    ----------
    correlation
        (k, k), of the pieces given the outcome.
    separation
        Of each piece: difference of its mean log-odds between wins and losses, over its standard
        deviation; positive.
    shrinkage
        Towards the mean correlation, in [0, 1]; estimated matrices need it.

    Examples
    --------
    >>> weights([[1, 0.5, 0.2], [0.5, 1, 0.2], [0.2, 0.2, 1]], [0.35, 0.5, 0.3], shrinkage=0.0)
    array([0.30583501, 0.81408451, 0.657277  ])
    """
    matrix, apart = np.asarray(correlation, np.float64), np.asarray(separation, np.float64)
    k = len(apart)
    if k > 1:
        mean = (matrix.sum() - np.trace(matrix)) / (k * (k - 1))
        matrix = (1 - shrinkage) * matrix + shrinkage * np.where(np.eye(k) > 0, 1.0, mean)
    return np.asarray(np.clip(np.linalg.lstsq(matrix, apart)[0] / apart, 0.0, 1.0))


def shrunk_correlation(measured: float, n: float, *, prior: float = 0.5, strength: float = 50.0) -> float:
    """A correlation measured over n pairs, drawn towards what is usual.

    Examples
    --------
    >>> shrunk_correlation(0.9, 50)
    0.7
    """
    return (n * measured + strength * prior) / (n + strength)


def faded(p: Number, *, base: float, share: float) -> Number:
    """The probability when only a share of its evidence is left; tends to the base rate, not to 0.

    Parameters
    ----------
    p
        At first.
    share
        In [0, 1]: liquidity weight, time decay (`domain.statistics.decay.weight`), or their product.

    Examples
    --------
    >>> faded(0.8, base=0.5, share=0.5)
    0.6666667
    """
    return cast(Number, _plain(np.asarray(sigmoid(logit(base) + np.asarray(evidence(p, base)) * share))))


def _plain(value: object) -> object:
    """A float for a scalar, the array itself otherwise."""
    return float(cast(float, value)) if np.ndim(cast(float, value)) == 0 else value
