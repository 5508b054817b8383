"""Windows over stretches against numpy's, for every way in which rows can stand on the tape."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from operators.kernels import kernel
from operators.kernels.stretches import deviations, highs, lows, stretch_end, totals

PERIOD = 7


@kernel
def all_of(values, at, out):
    """Each with a constant period, as features call them."""
    totals(values, at, PERIOD, out[0])
    highs(values, at, PERIOD, out[1])
    lows(values, at, PERIOD, out[2])
    deviations(values, at, PERIOD, out[3])


def places(lengths):
    """Places of the rows of stretches that have a few bars before each."""
    starts = np.cumsum([PERIOD + length for length in lengths]) - lengths
    return np.concatenate([np.arange(start, start + length) for start, length in zip(starts, lengths, strict=True)])


@settings(deadline=None)  # the first call compiles
@given(st.lists(st.integers(1, 70), min_size=1, max_size=12))
def test_a_stretch_ends_where_the_next_begins(lengths):
    at, row, found = places(lengths), 0, []
    while row < at.size:
        stop = stretch_end(at, row)
        found.append(stop - row)
        row = stop
    assert found == lengths


@settings(deadline=None)  # the first call compiles
@given(st.lists(st.integers(1, 70), min_size=1, max_size=12), st.integers(0, 2**32 - 1))
def test_equals_numpy_window_by_window(lengths, seed):
    at = places(lengths)
    values = np.random.default_rng(seed).normal(1e6, 1.0, at[-1] + 1)
    out = np.empty((4, at.size))
    all_of(values, at, out)
    windows = np.lib.stride_tricks.sliding_window_view(values, PERIOD)[at - PERIOD + 1]
    expected = [windows.sum(axis=1), windows.max(axis=1), windows.min(axis=1), windows.std(axis=1)]
    np.testing.assert_allclose(out, expected, rtol=1e-9, atol=0)


@pytest.mark.parametrize("cut", [1, 3, 16, 64])
def test_the_cut_changes_no_bit(cut):
    at = places([500])
    values = np.random.default_rng(1).normal(0.0, 1.0, at[-1] + 1)
    whole, cut_up = np.empty((4, at.size)), np.empty((4, at.size))
    all_of(values, at, whole)
    for start in range(0, at.size, cut):
        all_of(values, at[start : start + cut], cut_up[:, start : start + cut])
    np.testing.assert_array_equal(cut_up, whole)
