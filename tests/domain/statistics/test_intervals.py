"""Wilson's interval."""

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.statistics.intervals import wilson


def test_known_intervals() -> None:
    found = wilson(15, 20)
    assert (found.low, found.high) == pytest.approx((0.5313, 0.8881), abs=5e-5)
    found = wilson(0, 10)
    assert (found.low, found.high) == pytest.approx((0.0, 0.2775), abs=5e-5)


def test_nothing_counted_says_nothing() -> None:
    assert wilson(0, 0) is None


def test_numbers_of_numpy_go_to_json() -> None:
    assert msgspec.json.encode(wilson(np.int64(1), np.int64(2))) == msgspec.json.encode(wilson(1, 2))


def test_impossible_counts_are_refused() -> None:
    with pytest.raises(ValueError, match="3 wins of 2"):
        wilson(3, 2)


@given(st.integers(1, 10_000), st.floats(0, 1), st.floats(0.5, 0.999))
def test_covers_its_rate_within_0_and_1(n: int, share: float, confidence: float) -> None:
    wins = round(share * n)
    found = wilson(wins, n, confidence=confidence)
    assert 0 <= found.low <= wins / n <= found.high <= 1
    assert found.low < found.high


@given(st.integers(1, 1000), st.floats(0, 1), st.integers(2, 50))
def test_narrows_with_n(n: int, share: float, times: int) -> None:
    wins = round(share * n)
    few, many = wilson(wins, n), wilson(wins * times, n * times)
    assert many.high - many.low < few.high - few.low


@given(st.integers(1, 1000), st.floats(0, 1))
def test_wins_mirror_losses(n: int, share: float) -> None:
    wins = round(share * n)
    found, mirror = wilson(wins, n), wilson(n - wins, n)
    assert (found.low, found.high) == pytest.approx((1 - mirror.high, 1 - mirror.low), abs=1e-12)
