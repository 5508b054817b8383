"""Trailing sums against sums taken one window at a time."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from operators.kernels.trailing import trailing_sums, walked


def sums(values, period):
    """All of them."""
    told = np.empty(values.size - period + 1)
    trailing_sums(values, period, told)
    return told


@settings(deadline=None)  # the first call loads the kernel
@given(st.integers(1, 70), st.integers(0, 40), st.integers(0, 2**32 - 1))
def test_sums_are_those_of_each_window(period, more, seed):
    values = np.random.default_rng(seed).normal(0.0, 1.0, period + more)
    windows = np.lib.stride_tricks.sliding_window_view(values, period)
    np.testing.assert_allclose(sums(values, period), windows.sum(axis=1), rtol=0, atol=1e-12)


@settings(deadline=None)  # the first call loads the kernel
@given(st.integers(1, 40), st.integers(0, 40), st.integers(0, 2**32 - 1))
def test_what_is_outside_a_window_changes_no_bit_of_it(period, more, seed):
    values = np.random.default_rng(seed).normal(0.0, 1.0, period + more)
    alone = [sums(values[at : at + period], period)[0] for at in range(more + 1)]
    assert sums(values, period).tolist() == alone


def test_walked_is_the_length_of_the_way():
    ways = np.full(5, np.nan)
    walked(np.array([1.0, 3.0, 2.0, 2.0, 5.0]), np.arange(5), 2, ways)
    np.testing.assert_array_equal(ways, [np.nan, np.nan, 3.0, 1.0, 3.0])
