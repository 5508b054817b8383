"""Reliability of probabilities that are stored only as counts in small bins."""

import msgspec
import numpy as np
from numpy.typing import ArrayLike, NDArray

from domain.statistics.intervals import Interval, wilson
from domain.statistics.logistic import logistic
from domain.statistics.odds import logit
from domain.statistics.reliability import BINS, LEAST, Bin, ece_interval
from domain.statistics.sample import Floats


class Calibration(msgspec.Struct, frozen=True, kw_only=True):
    """How well n predicted probabilities match the observed outcomes; null where undefined.

    Attributes
    ----------
    brier
        Brier score (mean squared error); 0.25 for a coin flip.
    skill
        Brier skill score: 1 − brier / the score of always predicting the observed win rate. Null if all won or none.
    bins
        Reliability diagram; the bins contain about equal numbers.
    ece, ece_interval
        Expected calibration error, the mean gap between predicted and realised rate over the bins, and its
        interval by resampling. If n is small, it is above 0 even for a perfect forecaster: use the interval.
    slope, intercept
        Of the outcome's log-odds on the predicted ones: 1 and 0 if calibrated; a slope under 1 means over-confidence.
    """

    n: int
    brier: float | None
    skill: float | None
    bins: list[Bin]
    ece: float | None
    ece_interval: Interval | None
    slope: float | None
    intercept: float | None


def calibration(
    edges: ArrayLike,
    n: ArrayLike,
    wins: ArrayLike,
    predicted: ArrayLike,
    squared_error: float,
    *,
    bins: int = BINS,
    least: int = LEAST,
    confidence: float = 0.95,
) -> Calibration:
    """Calibration of probabilities that were counted.

    Parameters
    ----------
    edges
        (steps, 2): bounds of each step, ascending.
    n, wins, predicted
        Of each step: probabilities, those that came true, and the sum of the probabilities; n above 0.
    squared_error
        Sum of (probability − won)² over all.
    bins, least
        Steps are joined to at most so many bins of about equal numbers, at least `least` each if there
        are as many.

    Examples
    --------
    >>> found = calibration([[0.2, 0.3], [0.7, 0.8]], [20, 20], [4, 16], [5.0, 15.0], 6.5)
    >>> found.n, found.brier, found.ece, len(found.bins)
    (40, 0.1625, 0.05, 2)
    """
    counts, won = np.asarray(n, np.float64), np.asarray(wins, np.float64)
    said, bounds = np.asarray(predicted, np.float64), np.asarray(edges, np.float64).reshape(-1, 2)
    total = int(counts.sum())
    if not total:
        return Calibration(
            n=0, brier=None, skill=None, bins=[], ece=None, ece_interval=None, slope=None, intercept=None
        )
    place = _places(counts, max(1, min(bins, total // least)))
    held, true, stated = (np.bincount(place, each) for each in (counts, won, said))
    realised, mean, share = true / held, stated / held, held / total
    ends = [(bounds[place == at, 0].min(), bounds[place == at, 1].max()) for at in range(len(held))]
    rate, brier = float(won.sum()) / total, squared_error / total
    slope, intercept = _line(said / counts, won / counts, counts)
    return Calibration(
        n=total,
        brier=brier,
        skill=1 - brier / (rate * (1 - rate)) if 0 < rate < 1 else None,
        bins=[
            Bin(float(low), float(high), int(number), int(one), float(p), float(was), wilson(one, number))
            for (low, high), number, one, p, was in zip(ends, held, true, mean, realised, strict=True)
        ],
        ece=float(share @ np.abs(realised - mean)),
        ece_interval=ece_interval(held.astype(np.intp), realised, mean, confidence, 0),
        slope=slope,
        intercept=intercept,
    )


def _places(counts: Floats, bins: int) -> NDArray[np.intp]:
    """The bin of each step: that in which its middle lies if all are laid side by side."""
    middle = np.cumsum(counts) - counts / 2
    wanted = np.minimum(bins - 1, middle * bins // counts.sum())
    return np.asarray(np.unique(wanted, return_inverse=True)[1], np.intp)


def _line(p: Floats, rates: Floats, counts: Floats) -> tuple[float | None, float | None]:
    """Calibration slope and intercept; each step stands at its mean probability."""
    if len(p) < 2:
        return None, None
    features = np.column_stack([np.asarray(logit(p)), np.ones(len(p))])
    found = logistic(features, rates, counts, start=np.array([1.0, 0.0]))
    if found is None or not np.abs(found).max() < 1e3:
        return None, None
    return float(found[0]), float(found[1])
