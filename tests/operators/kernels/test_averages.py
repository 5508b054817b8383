"""Averages against plain numpy."""

import numpy as np
import pytest

from operators.kernels.averages import fade, seeded


@pytest.mark.parametrize("alpha", [2 / 6, 1 / 5])
def test_seeded_begins_with_the_mean_and_forgets_what_was_before(alpha):
    values = np.random.default_rng(1).normal(5.0, 1.0, 30)
    average, told = np.nan, []
    for count, value in enumerate(values, start=-1):
        average = seeded(average, value, count, 5, alpha)
        told.append(average)
    expected = values[2:7].mean()
    np.testing.assert_allclose(told[6], expected)
    for value, ours in zip(values[7:], told[7:], strict=True):
        expected += alpha * (value - expected)
        np.testing.assert_allclose(ours, expected)


def test_fade_goes_on_lane_by_lane_and_begins_anew():
    lane, seen = np.array([2, 2, 2, 0, 0]), np.array([7, 8, 1, 1, 2])
    memory, values = np.array([9.0, 9.0, 4.0]), np.array([8.0, 2.0, 6.0, 1.0, 3.0])
    fade(values, seen, lane, 0.5, memory)
    assert values.tolist() == [6.0, 4.0, 6.0, 1.0, 2.0]
    assert memory.tolist() == [2.0, 9.0, 6.0]
