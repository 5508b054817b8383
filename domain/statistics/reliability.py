"""Reliability: calibration of stated probabilities."""

from itertools import pairwise

import msgspec
import numpy as np
from numpy.typing import ArrayLike, NDArray

from domain.statistics.intervals import Interval, wilson
from domain.statistics.logistic import logistic
from domain.statistics.odds import logit
from domain.statistics.sample import Floats
from domain.statistics.scoring_rules import Scores, scores, stated

BINS, LEAST = 10, 20
"""Bins of a reliability diagram, and outcomes that each must hold."""
_DRAWS = 400
_STEPS = 1000  # per unit of log-odds, to which they are rounded for the slope


class Bin(msgspec.Struct, frozen=True):
    """One bin of the reliability diagram: n predicted probabilities between `low` and `high`."""

    low: float
    high: float
    n: int
    wins: int
    predicted: float
    realised: float
    interval: Interval | None


class Reliability(msgspec.Struct, frozen=True, kw_only=True):
    """How well n stated probabilities match what happened; None where undefined.

    Attributes
    ----------
    scores
        Brier, skill and log loss.
    bins
        Of about equal numbers; equal probabilities are never parted.
    ece
        Expected calibration error: mean gap between stated and realised, over the bins.
    ece_interval
        By resampling. The error of a perfect forecaster is above 0 too if n is small: judge by it.
    reliability, resolution, uncertainty
        Murphy's parts of the Brier score: gap, spread of what was realised, and what nobody can help.
        Their sum (first − second + third) equals the score of the binned probabilities.
    slope, intercept
        Of the outcome's log-odds on those stated: 1 and 0 if calibrated, a slope under 1 is
        over-confident. None if wins and losses are perfectly separated or nothing varies.
    """

    n: int
    scores: Scores
    bins: tuple[Bin, ...]
    ece: float | None
    ece_interval: Interval | None
    reliability: float | None
    resolution: float | None
    uncertainty: float | None
    slope: float | None
    intercept: float | None


def reliability(
    probabilities: ArrayLike,
    won: ArrayLike,
    *,
    bins: int = BINS,
    least: int = LEAST,
    confidence: float = 0.95,
    seed: int = 0,
) -> Reliability:
    """Calibration of stated probabilities.

    Parameters
    ----------
    probabilities
        In [0, 1]; NaN (none stated) is left out.
    won
        What happened.
    bins, least
        At most so many bins, each with at least so many outcomes if there are as many in all.
    seed
        Of the resampling.

    Examples
    --------
    >>> p = [0.05, 0.15, 0.25, 0.35, 0.45, 0.55, 0.65, 0.75, 0.85, 0.95]
    >>> reliability(p, [0, 0, 1, 0, 0, 1, 0, 1, 1, 1], bins=5, least=2).ece
    0.12

    References
    ----------
    Murphy 1973; Naeini, Cooper and Hauskrecht 2015; Cox 1958.
    """
    p, y = stated(probabilities, won)
    score = scores(p, y)
    if not len(p):
        return Reliability(
            n=0,
            scores=score,
            bins=(),
            ece=None,
            ece_interval=None,
            reliability=None,
            resolution=None,
            uncertainty=None,
            slope=None,
            intercept=None,
        )
    edges, places = _equal_mass(p, max(1, min(bins, len(p) // least)))
    n = np.bincount(places, minlength=len(edges))
    wins = np.bincount(places[y], minlength=len(edges))
    predicted = np.bincount(places, p, minlength=len(edges)) / n
    realised, share, rate = wins / n, n / len(p), float(y.mean())
    slope, intercept = _line(p, y)
    return Reliability(
        n=len(p),
        scores=score,
        bins=tuple(
            Bin(
                *edge,
                int(count),
                int(won_here),
                float(said),
                float(was),
                wilson(won_here, count, confidence=confidence),
            )
            for edge, count, won_here, said, was in zip(edges, n, wins, predicted, realised, strict=True)
        ),
        ece=float(share @ np.abs(realised - predicted)),
        ece_interval=ece_interval(n, realised, predicted, confidence, seed),
        reliability=float(share @ np.square(realised - predicted)),
        resolution=float(share @ np.square(realised - rate)),
        uncertainty=rate * (1 - rate),
        slope=slope,
        intercept=intercept,
    )


def _equal_mass(p: Floats, bins: int) -> tuple[list[tuple[float, float]], NDArray[np.intp]]:
    """Ends of each bin, and the bin of each probability; equal ones share a bin."""
    firsts = [len(p) * cut // bins for cut in range(1, bins)]
    cuts = np.unique(np.partition(p, firsts)[firsts]) if firsts else np.empty(0)
    lowest, highest = float(p.min()), float(p.max())
    cuts = cuts[cuts > lowest]
    places = np.searchsorted(cuts, p, side="right")
    ends = [lowest, *cuts.tolist(), highest]
    return list(pairwise(ends)), places


def ece_interval(n: NDArray[np.intp], realised: Floats, predicted: Floats, confidence: float, seed: int) -> Interval:
    """Percentiles of the error when bins and outcomes are drawn again with the shares found."""
    draws = np.random.default_rng(seed)
    counts = draws.multinomial(n.sum(), n / n.sum(), size=_DRAWS)
    wins = draws.binomial(counts, realised)
    gaps = np.abs(wins - counts * predicted).sum(axis=1) / n.sum()
    tail = (1 - confidence) / 2
    low, high = np.quantile(gaps, [tail, 1 - tail])
    return Interval(float(low), float(high), confidence)


def _line(p: Floats, y: NDArray[np.bool_]) -> tuple[float | None, float | None]:
    """Calibration slope and intercept. Many outcomes are first counted by equal log-odds."""
    steps = np.rint(np.asarray(logit(p)) * _STEPS).astype(np.intp)
    lowest = int(steps.min())
    counts = np.bincount(steps - lowest)
    seen = np.flatnonzero(counts)
    if len(seen) < 2:
        return None, None
    z, n = (seen + lowest) / _STEPS, counts[seen].astype(np.float64)
    rates = np.bincount(steps - lowest, y)[seen] / n
    found = logistic(np.column_stack([z, np.ones(len(z))]), rates, n, start=np.array([1.0, 0.0]))
    if found is None or not np.abs(found).max() < 1e3:
        return None, None
    return float(found[0]), float(found[1])
