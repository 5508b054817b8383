"""Windows against numpy, and independent of their neighbours."""

import numpy as np
import pytest

from operators.kernels import kernel
from operators.kernels.windows import (
    greater,
    highest,
    less,
    lowest,
    since_highest,
    since_lowest,
    squares,
    total,
    walked,
)

# Few levels, so that windows hold equal values.
VALUES = np.random.default_rng(3).integers(0, 9, 700).astype(float)
PERIODS = [2, 3, 14, 20, 34]


@kernel
def _each(values, period, out):
    for row in range(out.shape[1]):
        out[0, row] = total(values, row, period)
        out[1, row] = squares(values, row, period, 4.5)
        out[2, row], out[3, row] = highest(values, row, period), lowest(values, row, period)
        out[4, row], out[5, row] = since_highest(values, row, period), since_lowest(values, row, period)
        out[6, row] = walked(values, row, period - 1)


def windows(values, period):
    """All that can be said of all windows."""
    out = np.empty((7, values.size - period + 1))
    _each(values, period, out)
    return out


@pytest.mark.parametrize("period", PERIODS)
def test_equals_numpy_window_by_window(period):
    each = np.lib.stride_tricks.sliding_window_view(VALUES, period)
    expected = [
        *(each.sum(axis=1), ((each - 4.5) ** 2).sum(axis=1), each.max(axis=1), each.min(axis=1)),
        *(each[:, ::-1].argmax(axis=1), each[:, ::-1].argmin(axis=1)),  # read backwards, this gives the newest
        np.abs(np.diff(each, axis=1)).sum(axis=1),
    ]
    np.testing.assert_array_equal(windows(VALUES, period), expected)


@pytest.mark.parametrize("period", PERIODS)
def test_what_is_outside_a_window_changes_no_bit_of_it(period):
    values = np.random.default_rng(1).normal(0.0, 1.0, 200)
    alone = [windows(values[first : first + period], period)[:, 0] for first in range(200 - period + 1)]
    np.testing.assert_array_equal(windows(values, period), np.array(alone).T)


def test_squares_keep_their_digits_far_from_zero():
    values = 1e8 + np.random.default_rng(4).standard_normal(300)
    told = np.empty(281)
    _spread(values, told)
    each = np.lib.stride_tricks.sliding_window_view(values - 1e8, 20)
    np.testing.assert_allclose(told, each.var(axis=1), rtol=1e-6)


@kernel
def _spread(values, out):
    for row in range(out.size):
        out[row] = squares(values, row, 20, total(values, row, 20) / 20) / 20


def test_of_two_numbers_the_second_may_be_unknown():
    assert (greater(1.0, 2.0), greater(2.0, 1.0), less(1.0, 2.0), less(2.0, 1.0)) == (2.0, 2.0, 1.0, 1.0)
    assert (greater(1.0, np.nan), less(1.0, np.nan)) == (1.0, 1.0)
