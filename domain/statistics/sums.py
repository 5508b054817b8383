"""Sums: sufficient statistics of graded results by group.

One row per group (a strategy, a bucket, a symbol ...). Rows take results in their order, one or a
million at a time with the same bits; rows of consecutive periods merge.
"""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from domain.statistics.sample import Floats

SUMS = np.dtype(
    [
        ("n", "<i8"),
        ("wins", "<i8"),  # results above zero
        ("losses", "<i8"),  # results below zero
        ("effective", "<f8"),  # sum of uniqueness
        ("total", "<f8"),
        ("squares", "<f8"),
        ("gains", "<f8"),
        ("lost", "<f8"),  # sum of losses, as a positive number
        ("least", "<f8"),  # NaN while n is 0, as the next
        ("greatest", "<f8"),
        ("peak", "<f8"),  # highest running total, that of the start (0) included
        ("low", "<f8"),  # lowest running total, that of the start included
        ("drawdown", "<f8"),  # deepest fall of the running total, never above 0
        ("forecasts", "<i8"),  # results for which there was a probability
        ("forecast_wins", "<i8"),
        ("predicted", "<f8"),  # sum of probabilities
        ("squared_error", "<f8"),  # sum of (probability − won)²
    ]
)


def no_sums(groups: int) -> NDArray[Any]:
    """Rows of `SUMS` for groups that have no result yet."""
    rows = np.zeros(groups, SUMS)
    rows["least"] = rows["greatest"] = np.nan
    return rows


def add(
    rows: NDArray[Any],
    codes: ArrayLike,
    results: ArrayLike,
    *,
    uniqueness: ArrayLike | None = None,
    probabilities: ArrayLike | None = None,
) -> None:
    """Add results to the rows of their groups, in their order.

    Parameters
    ----------
    rows
        Of dtype `SUMS`; changed.
    codes
        Row of each result.
    results
        Net, in R or money; NaN (never entered) is left out.
    uniqueness
        In (0, 1], by which overlapping results count; 1 if not given.
    probabilities
        Of winning, as stated at the decision; NaN if none was.

    Examples
    --------
    >>> rows = no_sums(2)
    >>> add(rows, [0, 1, 0], [1.5, -1.0, -1.0])
    >>> rows["n"], rows["total"]
    (array([2, 1]), array([ 0.5, -1. ]))
    """
    values = np.asarray(results, np.float64) + 0.0  # one zero only: which of −0 and 0 is least depends on order
    places = np.asarray(codes, np.intp)
    own = np.ones(len(values)) if uniqueness is None else np.asarray(uniqueness, np.float64)
    odds = None if probabilities is None else np.asarray(probabilities, np.float64)
    counted = np.isfinite(values)
    if not counted.all():
        values, places, own = values[counted], places[counted], own[counted]
        odds = None if odds is None else odds[counted]
    if not len(values):
        return
    mine, local, state = _present(rows, places)
    state["n"] += np.bincount(local, minlength=len(mine))
    state["wins"] += _count(local, values > 0, len(mine))
    state["losses"] += _count(local, values < 0, len(mine))
    _sum_up(state, "effective", local, own)
    _sum_up(state, "squares", local, values * values)
    _sum_up(state, "gains", local, np.maximum(values, 0.0))
    _sum_up(state, "lost", local, np.maximum(-values, 0.0))
    if odds is not None:
        _add_forecasts(state, local, values > 0, odds)
    _follow(state, local, values)
    rows[mine] = state


def merge(earlier: NDArray[Any], later: NDArray[Any]) -> NDArray[Any]:
    """Rows of two consecutive periods as those of both; equal to adding at once but for rounding.

    Examples
    --------
    >>> first, second, both = no_sums(1), no_sums(1), no_sums(1)
    >>> add(first, [0, 0], [2.0, -1.0]); add(second, [0, 0], [-1.5, 1.0]); add(both, [0] * 4, [2.0, -1.0, -1.5, 1.0])
    >>> merge(first, second) == both
    array([ True])
    """
    both = np.empty_like(earlier)
    for name in SUMS.names or ():
        both[name] = earlier[name] + later[name]
    both["least"] = np.fmin(earlier["least"], later["least"])
    both["greatest"] = np.fmax(earlier["greatest"], later["greatest"])
    both["peak"] = np.maximum(earlier["peak"], earlier["total"] + later["peak"])
    both["low"] = np.minimum(earlier["low"], earlier["total"] + later["low"])
    across = earlier["total"] + later["low"] - earlier["peak"]
    both["drawdown"] = np.minimum(np.minimum(earlier["drawdown"], later["drawdown"]), across)
    return both


def pool(rows: NDArray[Any]) -> NDArray[Any]:
    """One row for results of groups that ran side by side; what depends on order (drawdown) is NaN."""
    pooled = no_sums(1)
    if not len(rows):
        return pooled
    for name in SUMS.names or ():
        pooled[name] = rows[name].sum()
    pooled["least"], pooled["greatest"] = np.fmin.reduce(rows["least"]), np.fmax.reduce(rows["greatest"])
    pooled["peak"] = pooled["low"] = pooled["drawdown"] = np.nan
    return pooled


def _present(rows: NDArray[Any], places: NDArray[np.intp]) -> tuple[NDArray[np.intp], NDArray[np.intp], NDArray[Any]]:
    """The groups that have results, each result's place among them, and a copy of their rows."""
    mine = np.flatnonzero(np.bincount(places, minlength=len(rows)))
    lookup = np.empty(len(rows), np.intp)
    lookup[mine] = np.arange(len(mine))
    return mine, lookup[places], rows[mine]


def _count(local: NDArray[np.intp], true: NDArray[np.bool_], groups: int) -> NDArray[np.int64]:
    return np.bincount(local, true, minlength=groups).astype(np.int64)


def _sum_up(state: NDArray[Any], name: str, local: NDArray[np.intp], values: Floats) -> None:
    """Continue a sum one value after the other, so that batches leave no trace in its last bits."""
    running = state[name].copy()
    np.add.at(running, local, values)
    state[name] = running


def _add_forecasts(state: NDArray[Any], local: NDArray[np.intp], won: NDArray[np.bool_], odds: Floats) -> None:
    stated = np.isfinite(odds)
    if not stated.all():
        local, won, odds = local[stated], won[stated], odds[stated]
    state["forecasts"] += np.bincount(local, minlength=len(state))
    state["forecast_wins"] += _count(local, won, len(state))
    _sum_up(state, "predicted", local, odds)
    _sum_up(state, "squared_error", local, np.square(odds - won))


def _follow(state: NDArray[Any], local: NDArray[np.intp], values: Floats) -> None:
    """Walk each group's running total: its extremes, and its deepest fall."""
    codes = local.astype(np.uint16) if len(state) <= 1 << 16 else local  # numpy sorts 16 bits by radix
    ordered = values[np.argsort(codes, kind="stable")]
    ends = np.cumsum(np.bincount(local, minlength=len(state)))
    begins = ends - np.diff(ends, prepend=0)
    state["least"] = np.fmin(state["least"], np.minimum.reduceat(ordered, begins))
    state["greatest"] = np.fmax(state["greatest"], np.maximum.reduceat(ordered, begins))
    for group, (begin, end) in enumerate(zip(begins.tolist(), ends.tolist(), strict=True)):
        row = state[group]
        path = np.concatenate([[row["total"]], ordered[begin:end]])
        np.cumsum(path, out=path)
        peaks = np.maximum(np.maximum.accumulate(path), row["peak"])
        row["total"], row["peak"] = path[-1], peaks[-1]
        row["low"] = min(row["low"], path.min())
        row["drawdown"] = min(row["drawdown"], (path - peaks).min())
