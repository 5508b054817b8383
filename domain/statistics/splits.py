"""Splits: purged training and test sets for labels that overlap in time.

A shuffled split leaks test labels through overlapping neighbours in the training set: even on a random walk a model
then appears to predict the future.
"""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

Indices = NDArray[np.intp]


class Split(NamedTuple):
    """Row numbers, ascending."""

    train: Indices
    test: Indices


def walk_forward(
    began_at: ArrayLike,
    ended_at: ArrayLike,
    *,
    test_ns: int,
    train_ns: int | None = None,
    first_train_ns: int | None = None,
    embargo_ns: int = 0,
) -> Iterator[Split]:
    """Walk-forward splits: test each period on a model trained only on labels resolved before it.

    Parameters
    ----------
    began_at, ended_at
        Decision and resolution of each label, ns.
    test_ns
        Length of a test period, which is also how often the model is trained.
    train_ns
        Length of the training window; None lets it grow from the beginning.
    first_train_ns
        Training before the first test; `train_ns` or four test periods by default.
    embargo_ns
        Labels resolved within so long before the test are left out too: the longest memory of a feature.

    Yields
    ------
    Split
        Periods without labels, or without training rows, are passed over.

    Examples
    --------
    >>> [split] = walk_forward([0, 1, 2, 3], [2, 3, 4, 5], test_ns=2, first_train_ns=3)
    >>> split
    Split(train=array([0]), test=array([3]))
    """
    began, ended = np.asarray(began_at, np.int64), np.asarray(ended_at, np.int64)
    _check(began, ended, embargo_ns)
    if test_ns <= 0:
        raise ValueError(f"test period {test_ns} ns is not positive")
    if not len(began):
        return
    lead = first_train_ns if first_train_ns is not None else train_ns if train_ns is not None else 4 * test_ns
    last = int(began.max())
    for opens in range(int(began.min()) + lead, last + 1, test_ns):
        test = np.flatnonzero((began >= opens) & (began < opens + test_ns))
        earliest = opens - train_ns if train_ns is not None else int(began.min())
        train = np.flatnonzero((began >= earliest) & (ended < opens - embargo_ns))
        if len(test) and len(train):
            yield Split(train, test)


def purged_folds(began_at: ArrayLike, ended_at: ArrayLike, *, folds: int = 5, embargo_ns: int = 0) -> Iterator[Split]:
    """Contiguous folds; training labels that overlap the test's, or begin in the embargo after it, are purged.

    Parameters
    ----------
    began_at, ended_at
        Decision and resolution of each label, ns, in order of decision.
    folds
        At least 2.
    embargo_ns
        The longest memory of a feature, or 1 % of the sample, whichever is longer.

    Examples
    --------
    >>> next(purged_folds([0, 1, 2, 3], [1, 2, 3, 4], folds=2))
    Split(train=array([3]), test=array([0, 1]))

    References
    ----------
    López de Prado 2018, Advances in Financial Machine Learning, §7.4.
    """
    began, ended = np.asarray(began_at, np.int64), np.asarray(ended_at, np.int64)
    _check(began, ended, embargo_ns)
    if folds < 2:
        raise ValueError(f"{folds} folds leave nothing to train on; give at least 2")
    if (np.diff(began) < 0).any():
        raise ValueError("labels are not in order of decision; sort them first")
    for test in np.array_split(np.arange(len(began)), folds):
        if not len(test):
            continue
        opens, closes = began[test].min(), ended[test].max()
        overlap = (began <= closes) & (ended >= opens)
        embargoed = (began > closes) & (began <= closes + embargo_ns)
        train = np.flatnonzero(~overlap & ~embargoed)
        if len(train):
            yield Split(train, test)


def _check(began: NDArray[np.int64], ended: NDArray[np.int64], embargo_ns: int) -> None:
    if (ended < began).any():
        at = int(np.flatnonzero(ended < began)[0])
        raise ValueError(f"label {at} ends at {ended[at]}, before it begins at {began[at]}")
    if embargo_ns < 0:
        raise ValueError(f"embargo {embargo_ns} ns is negative")
