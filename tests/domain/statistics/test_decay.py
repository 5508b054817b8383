"""Decay, and sums that no batching changes."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.statistics.decay import DecayedSums, effective_size, smoothing, weight

HOUR = 3_600 * 10**9
entries = st.lists(
    st.tuples(st.integers(0, 4), st.integers(0, 400 * HOUR), st.floats(-5, 5), st.floats(0, 1)), min_size=1, max_size=60
)


def test_half_life_algebra() -> None:
    alpha = smoothing(1.0, 5.0)
    assert weight(5.0, 5.0) == 0.5
    assert (1 - alpha) ** 5 == pytest.approx(0.5)
    geometric = (1 - alpha) ** np.arange(2000)
    assert effective_size(geometric) == pytest.approx((2 - alpha) / alpha)


def test_no_weight_is_worth_nothing() -> None:
    assert (effective_size([]), effective_size([0.0])) == (0.0, 0.0)


@given(entries)
def test_equals_the_slow_twin(rows: list[tuple[int, int, float, float]]) -> None:
    sums = DecayedSums(5, 2, HOUR * 7)
    codes, times, values = [r[0] for r in rows], [r[1] for r in rows], [r[2:] for r in rows]
    sums.add(codes, times, values)
    now = max(times) + HOUR
    expected = np.zeros((5, 2))
    for code, at, first, second in rows:
        expected[code] += np.array([first, second]) * 0.5 ** ((now - at) / (HOUR * 7))
    np.testing.assert_allclose(sums.at(now), expected, rtol=1e-9, atol=1e-12)


@given(entries, st.integers(0, 60), st.integers(0, 60))
def test_batches_and_snapshots_leave_no_trace(rows: list[tuple[int, int, float, float]], a: int, b: int) -> None:
    whole, parts = DecayedSums(5, 2, HOUR * 7), DecayedSums(5, 2, HOUR * 7)
    whole.add([r[0] for r in rows], [r[1] for r in rows], [r[2:] for r in rows])
    for part in (rows[: min(a, b)], rows[min(a, b) : max(a, b)], rows[max(a, b) :]):
        parts.add([r[0] for r in part], [r[1] for r in part], np.array([r[2:] for r in part]).reshape(-1, 2))
        parts = DecayedSums.restore(parts.snapshot())
    now = 500 * HOUR
    assert parts.at(now).tobytes() == whole.at(now).tobytes()


def test_a_late_entry_weighs_what_its_age_says() -> None:
    sums = DecayedSums(1, 1, HOUR)
    sums.add([0], [10 * HOUR], [[1.0]])
    sums.add([0], [8 * HOUR], [[1.0]])
    assert sums.at(10 * HOUR).tolist() == [[1.25]]


def test_groups_come_and_go() -> None:
    sums = DecayedSums(1, 1, HOUR)
    sums.add([0], [0], [[1.0]])
    sums.grow(3)
    sums.add([2], [0], [[2.0]])
    sums.clear(0)
    assert len(sums) == 3
    assert sums.at(0).tolist() == [[0.0], [0.0], [2.0]]


def test_after_a_very_long_time_nothing_is_left() -> None:
    sums = DecayedSums(1, 1, 1)
    sums.add([0], [0], [[1.0]])
    assert sums.at(10**18).tolist() == [[0.0]]
    sums.add([0], [10**18], [[1.0]])
    assert sums.at(10**18).tolist() == [[1.0]]


def test_bad_set_up_is_refused() -> None:
    with pytest.raises(ValueError, match="half-life 0"):
        DecayedSums(1, 1, 0)
    with pytest.raises(ValueError, match="version 9"):
        DecayedSums.restore((9, 1, 0, np.zeros((1, 1))))
