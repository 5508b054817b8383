"""Ticks are round, sorted, in range, and have distinct labels."""

import itertools
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flows.backtesting.axes import DATES, date_ticks, decimals, tick_values
from flows.backtesting.formatting import number

BEGIN = datetime(2024, 1, 1, tzinfo=UTC)


@given(low=st.floats(-1e9, 1e9), width=st.floats(1e-6, 1e9))
def test_marks_are_few_inside_and_differ_in_words(low, width):
    high = low + width
    marks = tick_values(low, high)
    assert 1 <= len(marks) <= 7
    assert marks == sorted(marks)
    if width > 1e-9 * abs(low):
        assert all(low - 1e-6 * width <= mark <= high + 1e-6 * width for mark in marks)
    shown = [number(mark, decimals(marks)) for mark in marks]
    assert len(set(shown)) == len(marks)


@pytest.mark.parametrize(
    ("low", "high", "marks"),
    [
        (0.0, 1.0, [0.0, 0.2, 0.4, 0.6, 0.8, 1.0]),
        (2_367.0, 10_318.0, [4_000, 6_000, 8_000, 10_000]),
        (-77.1, 0.0, [-60, -40, -20, 0]),
        (5.0, 5.0, [5.0]),
    ],
)
def test_marks_are_round(low, high, marks):
    assert tick_values(low, high) == pytest.approx(marks)


@given(days=st.integers(0, 4_000))
def test_dates_are_midnights_from_the_first_on(days):
    found = date_ticks(BEGIN, BEGIN + timedelta(days=days))
    assert found[0] == BEGIN
    assert found[-1] <= BEGIN + timedelta(days=max(days, 1))
    assert len(found) <= DATES + 1
    assert len({later - earlier for earlier, later in itertools.pairwise(found)}) <= 1
