"""Proper scoring rules: quality of stated probabilities; lower is better."""

import msgspec
import numpy as np
from numpy.typing import ArrayLike, NDArray

from domain.statistics.sample import Floats

_LEAST = 1e-15  # one certain error must not make the mean infinite


class Scores(msgspec.Struct, frozen=True):
    """Proper scores of n probabilities; None if there are none.

    Attributes
    ----------
    n
        Probabilities with a known outcome.
    brier
        Mean squared error; 0.25 for a coin.
    skill
        1 − brier / that of always stating the share that won; above 0 is better than that. None if
        all won or none.
    log_loss
        Mean of −ln of the probability given to what happened; 0.693 for a coin.
    """

    n: int
    brier: float | None
    skill: float | None
    log_loss: float | None


def scores(probabilities: ArrayLike, won: ArrayLike) -> Scores:
    """Scores of probabilities against what happened.

    Examples
    --------
    >>> scores([0.1, 0.9, 0.8, 0.3], [0, 1, 1, 0]).brier
    0.0375

    References
    ----------
    Brier 1950; Gneiting and Raftery 2007.
    """
    p, y = stated(probabilities, won)
    n = len(p)
    if n == 0:
        return Scores(0, None, None, None)
    brier = float(np.square(p - y).mean())
    rate = float(y.mean())
    log_loss = -float(np.log(np.clip(np.where(y, p, 1 - p), _LEAST, 1.0)).mean())
    return Scores(n, brier, 1 - brier / (rate * (1 - rate)) if 0 < rate < 1 else None, log_loss)


def stated(probabilities: ArrayLike, won: ArrayLike) -> tuple[Floats, NDArray[np.bool_]]:
    """Probabilities that were stated (not NaN), and whether each won.

    Raises
    ------
    ValueError
        If one lies outside [0, 1], or they are not as many as the outcomes.
    """
    p, y = np.asarray(probabilities, np.float64), np.asarray(won, np.bool_)
    if p.shape != y.shape:
        raise ValueError(f"{p.size} probabilities and {y.size} outcomes; each probability needs its outcome")
    said = ~np.isnan(p)
    p, y = p[said], y[said]
    wrong = np.flatnonzero((p < 0) | (p > 1))
    if len(wrong):
        raise ValueError(f"probability {p[wrong[0]]} lies outside 0 and 1")
    return p, y
