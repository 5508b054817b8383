"""Equity to daily returns."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.statistics.daily import daily

DAY = 86_400 * 10**9


def test_returns_within_a_day_compound() -> None:
    assert daily([DAY // 3, DAY // 2], [105.0, 99.75], initial=100.0).returns == pytest.approx((-0.0025,))
    path = (100 * np.cumprod([1.01, 1.02, 0.99])).tolist()
    assert daily([1, 2, 3], path, initial=100.0).returns == pytest.approx((0.019898,))


def test_a_quiet_day_returned_nothing_but_is_a_day() -> None:
    found = daily([DAY, 4 * DAY], [101.0, 102.01], initial=100.0, start_ns=0, end_ns=6 * DAY)
    assert (found.first_day, found.returns) == (0, pytest.approx((0.01, 0.0, 0.0, 0.01, 0.0, 0.0)))


def test_a_mark_at_midnight_belongs_to_the_day_that_ends() -> None:
    assert daily([DAY], [101.0], initial=100.0, start_ns=0).returns == pytest.approx((0.01,))
    assert daily([DAY + 1], [101.0], initial=100.0, start_ns=0).returns == pytest.approx((0.0, 0.01))


def test_after_ruin_nothing_moves() -> None:
    assert daily([1, DAY + 1, 2 * DAY + 1], [50.0, -1.0, -2.0], initial=100.0).returns == (-0.5, -1.02, 0.0)


def test_nothing_gives_nothing_and_a_period_without_marks_gives_zeros() -> None:
    assert daily([], [], initial=1.0).returns == ()
    assert daily([], [], initial=1.0, start_ns=0, end_ns=2 * DAY).returns == (0.0, 0.0)


@given(st.lists(st.tuples(st.integers(0, 10 * DAY), st.floats(1, 1000)), min_size=1, max_size=30))
def test_days_compound_to_the_whole(marks: list[tuple[int, float]]) -> None:
    marks.sort(key=lambda mark: mark[0])
    found = daily([m[0] for m in marks], [m[1] for m in marks], initial=10.0)
    assert np.prod([1 + r for r in found.returns]) == pytest.approx(marks[-1][1] / 10.0)
    assert found.equity[-1] == marks[-1][1]


@pytest.mark.parametrize(
    ("times", "marks", "keywords", "message"),
    [
        ([2, 1], [1.0, 1.0], {}, "go back in time"),
        ([1], [np.nan], {}, "not a number"),
        ([1], [1.0], {"initial": 0.0}, "not positive"),
        ([1], [1.0], {"start_ns": 2}, "outside the period"),
    ],
)
def test_bad_marks_are_refused(times: list[int], marks: list[float], keywords: dict[str, float], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        daily(times, marks, **{"initial": 1.0, **keywords})
