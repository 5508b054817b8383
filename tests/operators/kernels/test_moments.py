"""Rolling sums against windows taken one by one."""

import numpy as np
import pytest

from operators.kernels.moments import PART, rolling_line, rolling_total

# Far from zero, where mean(x^2) - mean(x)^2 would have no digit left.
VALUES = 1e8 + np.random.default_rng(4).standard_normal(PART * 2 + 77)
PERIODS = [1, 2, 3, 5, 14, 20, 31, 34]


@pytest.mark.parametrize("period", PERIODS)
def test_equals_each_window(period):
    windows = np.lib.stride_tricks.sliding_window_view(VALUES, period)
    away, places = windows - windows.mean(axis=1, keepdims=True), np.arange(period) - (period - 1) / 2
    total, square, cross = rolling_line(VALUES, period)
    for each in (total, square, cross, rolling_total(VALUES, period)):
        assert np.isnan(each[: period - 1]).all()
    np.testing.assert_allclose(total[period - 1 :], windows.sum(axis=1), rtol=1e-14)
    np.testing.assert_allclose(rolling_total(VALUES, period)[period - 1 :], windows.sum(axis=1), rtol=1e-14)
    np.testing.assert_allclose(square[period - 1 :], (away**2).sum(axis=1), rtol=1e-6, atol=1e-6)
    np.testing.assert_allclose(cross[period - 1 :], (places * away).sum(axis=1), rtol=1e-6, atol=1e-5)


@pytest.mark.parametrize("period", PERIODS)
def test_depends_on_nothing_but_the_window(period):
    for first in (1, 7, PART + 5):
        late = slice(first + period - 1, None)
        np.testing.assert_array_equal(
            rolling_total(VALUES[first:], period)[period - 1 :], rolling_total(VALUES, period)[late]
        )
        np.testing.assert_array_equal(
            rolling_line(VALUES[first:], period)[:, period - 1 :], rolling_line(VALUES, period)[:, late]
        )


def test_a_flat_window_has_no_spread():
    assert (rolling_line(np.full(50, 0.1), 20)[1:, 19:] == 0.0).all()


def test_fewer_values_than_a_window_give_nothing():
    assert np.isnan(rolling_total(VALUES[:19], 20)).all()
    assert np.isnan(rolling_line(VALUES[:19], 20)).all()
