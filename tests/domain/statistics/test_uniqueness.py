"""Uniqueness against the book and a slow twin."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.statistics.uniqueness import uniqueness

lives = st.lists(st.tuples(st.integers(0, 20), st.integers(1, 10), st.integers(0, 2)), max_size=25)


def test_example_of_the_book() -> None:
    assert uniqueness([0, 2, 4], [3, 4, 6]).tolist() == pytest.approx([5 / 6, 3 / 4, 1])


@given(lives)
def test_equals_the_slow_twin(rows: list[tuple[int, int, int]]) -> None:
    began = np.array([r[0] for r in rows], np.int64)
    ended = began + np.array([r[1] for r in rows], np.int64)
    groups = np.array([r[2] for r in rows], np.int64)
    expected = [
        np.mean([1 / np.sum((began <= bar) & (bar < ended) & (groups == group)) for bar in range(first, last)])
        for first, last, group in zip(began, ended, groups, strict=True)
    ]
    np.testing.assert_allclose(uniqueness(began, ended, groups), expected)


def test_nothing_shared_is_whole_and_all_shared_is_one_outcome() -> None:
    assert uniqueness([0, 5], [5, 9]).tolist() == [1.0, 1.0]
    assert uniqueness([0] * 4, [3] * 4).sum() == pytest.approx(1.0)
    assert uniqueness([], []).tolist() == []


def test_an_outcome_without_a_life_is_refused() -> None:
    with pytest.raises(ValueError, match="outcome 1 begins at 5 and ends at 5"):
        uniqueness([0, 5], [5, 5])
