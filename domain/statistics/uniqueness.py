"""Uniqueness of outcomes that overlap in time.

Ten signals held over the same hour contain the information of one hour of the market, not of ten.
"""

import numpy as np
from numpy.typing import ArrayLike

from domain.statistics.sample import Floats


def uniqueness(began_at: ArrayLike, ended_at: ArrayLike, groups: ArrayLike | None = None) -> Floats:
    """Average uniqueness of each outcome, in (0, 1]; their sum is the effective number of outcomes.

    At each instant an outcome shares the market with all that are open; its uniqueness is the mean,
    over its life (began, ended], of one over their number.

    Parameters
    ----------
    began_at, ended_at
        Integers in one unit, nanoseconds or bars; each must end after it began.
    groups
        Codes of the instruments: outcomes of two instruments do not share. None: all share.

    Raises
    ------
    ValueError
        If an outcome does not end after it began.

    Examples
    --------
    >>> uniqueness([0, 2, 4], [3, 4, 6])
    array([0.83333333, 0.75      , 1.        ])

    References
    ----------
    López de Prado 2018, Advances in Financial Machine Learning, §4.4.
    """
    began, ended = np.asarray(began_at, np.int64), np.asarray(ended_at, np.int64)
    n = len(began)
    backwards = np.flatnonzero(ended <= began)
    if len(backwards):
        at = int(backwards[0])
        raise ValueError(f"outcome {at} begins at {began[at]} and ends at {ended[at]}; it must end after it begins")
    if not n:
        return np.empty(0)
    codes = np.zeros(n, np.int64) if groups is None else np.asarray(groups, np.int64)
    times, owners = np.concatenate([began, ended]), np.concatenate([codes, codes])
    order = np.lexsort((times, owners))
    times, owners = times[order], owners[order]
    open_now = np.cumsum(np.where(order < n, 1, -1))[:-1]
    same = (owners[1:] == owners[:-1]) & (open_now > 0)
    share = np.zeros(2 * n)
    np.cumsum(np.where(same, np.diff(times) / np.maximum(open_now, 1), 0.0), out=share[1:])
    at_end = np.empty(2 * n)
    at_end[order] = share
    return np.asarray(np.minimum(1.0, (at_end[n:] - at_end[:n]) / (ended - began)))
