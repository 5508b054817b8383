"""Splits never let a label be seen from both sides."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.statistics.splits import purged_folds, walk_forward

labels = st.lists(st.tuples(st.integers(0, 200), st.integers(0, 30)), min_size=1, max_size=60).map(sorted)


@given(labels, st.integers(5, 60), st.integers(0, 40), st.one_of(st.none(), st.integers(10, 100)))
def test_a_model_knows_only_what_was_resolved_before(
    rows: list[tuple[int, int]], test_ns: int, embargo_ns: int, train_ns: int | None
) -> None:
    began = np.array([r[0] for r in rows])
    ended = began + np.array([r[1] for r in rows])
    tested: list[int] = []
    for train, test in walk_forward(began, ended, test_ns=test_ns, train_ns=train_ns, embargo_ns=embargo_ns):
        assert ended[train].max() < began[test].min() - embargo_ns + test_ns
        opens = (
            began.min()
            + (train_ns or 4 * test_ns)
            + (began[test].min() - began.min() - (train_ns or 4 * test_ns)) // test_ns * test_ns
        )
        assert (ended[train] < opens - embargo_ns).all()
        assert ((began[test] >= opens) & (began[test] < opens + test_ns)).all()
        assert train_ns is None or (began[train] >= opens - train_ns).all()
        tested += test.tolist()
    assert len(tested) == len(set(tested))


@given(labels, st.integers(2, 6), st.integers(0, 40))
def test_labels_of_train_and_test_never_touch(rows: list[tuple[int, int]], folds: int, embargo_ns: int) -> None:
    began = np.array([r[0] for r in rows])
    ended = began + np.array([r[1] for r in rows])
    for train, test in purged_folds(began, ended, folds=folds, embargo_ns=embargo_ns):
        opens, closes = began[test].min(), ended[test].max()
        kept = set(train.tolist())
        for row in range(len(rows)):
            touches = began[row] <= closes and ended[row] >= opens
            embargoed = closes < began[row] <= closes + embargo_ns
            assert (row in kept) == (not touches and not embargoed)


def test_folds_test_every_label_once() -> None:
    began = np.arange(0, 1000, 10)
    tested = np.concatenate([test for _, test in purged_folds(began, began + 5)])
    assert tested.tolist() == list(range(100))


def test_no_labels_no_splits() -> None:
    assert list(walk_forward([], [], test_ns=1)) == []
    assert list(purged_folds([], [])) == []


@pytest.mark.parametrize(
    ("keywords", "message"),
    [
        ({"ended_at": [1, 0]}, "label 1 ends at 0, before it begins"),
        ({"embargo_ns": -1}, "embargo -1"),
        ({"test_ns": 0}, "test period 0"),
    ],
)
def test_impossible_plans_are_refused(keywords: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        list(walk_forward(**{"began_at": [0, 1], "ended_at": [1, 2], "test_ns": 1, **keywords}))


def test_folds_need_order_and_two() -> None:
    with pytest.raises(ValueError, match="not in order"):
        list(purged_folds([1, 0], [1, 1]))
    with pytest.raises(ValueError, match="1 folds"):
        list(purged_folds([0, 1], [1, 2], folds=1))


def _skill_of_nearest(won: np.ndarray, train: np.ndarray, test: np.ndarray) -> float:
    """Area under the curve of foretelling each label by that of the nearest training row."""
    place = np.searchsorted(train, test).clip(1, len(train) - 1)
    before, after = train[place - 1], train[place]
    said = won[np.where(test - before < after - test, before, after)]
    return (1 + said[won[test]].mean() - said[~won[test]].mean()) / 2


def test_on_a_random_walk_only_a_shuffled_split_knows_the_future() -> None:
    shuffled, purged = [], []
    for seed in range(20):
        draws = np.random.default_rng(seed)
        walk = np.cumsum(draws.normal(size=6_000))
        began = np.arange(len(walk) - 30)
        won = walk[began + 30] > walk[began]
        parts = np.array_split(draws.permutation(began), 5)
        shuffled += [_skill_of_nearest(won, np.setdiff1d(began, test), np.sort(test)) for test in parts]
        folds = purged_folds(began, began + 30, embargo_ns=30)
        purged += [_skill_of_nearest(won, train, test) for train, test in folds]
    assert np.mean(shuffled) > 0.8
    assert abs(np.mean(purged) - 0.5) < 0.05
