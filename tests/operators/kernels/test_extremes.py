"""Rolling extremes against windows taken one by one."""

import numpy as np
import pytest

from operators.kernels.extremes import PART, rolling_high, rolling_low, since_high, since_low

# Few levels, so that windows hold equal values; more places than are taken at a time.
VALUES = np.random.default_rng(3).integers(0, 9, PART * 2 + 77).astype(float)


@pytest.mark.parametrize("period", [1, 2, 3, 14, 20, 26])
def test_equals_each_window(period):
    windows = np.lib.stride_tricks.sliding_window_view(VALUES, period)
    unknown = np.full(period - 1, np.nan)
    np.testing.assert_array_equal(rolling_high(VALUES, period), [*unknown, *windows.max(axis=1)])
    np.testing.assert_array_equal(rolling_low(VALUES, period), [*unknown, *windows.min(axis=1)])
    # Read backwards, argmax gives the newest.
    np.testing.assert_array_equal(since_high(VALUES, period), [*unknown, *windows[:, ::-1].argmax(axis=1)])
    np.testing.assert_array_equal(since_low(VALUES, period), [*unknown, *windows[:, ::-1].argmin(axis=1)])


@pytest.mark.parametrize("width", [1, 2, 9, 25, 26])
def test_goes_on_from_narrower_windows(width):
    np.testing.assert_array_equal(rolling_high(rolling_high(VALUES, width), 26, width), rolling_high(VALUES, 26))
    np.testing.assert_array_equal(rolling_low(rolling_low(VALUES, width), 26, width), rolling_low(VALUES, 26))


@pytest.mark.parametrize("rolling", [rolling_high, rolling_low, since_high, since_low])
def test_fewer_values_than_a_window_give_nothing(rolling):
    assert np.isnan(rolling(VALUES[:19], 20)).all()
    assert rolling(VALUES[:0], 20).size == 0
