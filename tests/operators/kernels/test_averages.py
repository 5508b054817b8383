"""Averages against plain numpy, and all rows at once against one value at a time."""

import numpy as np
import pytest

from operators.kernels.averages import exponential, seeded


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


def test_exponential_goes_on_where_each_lane_ended():
    values = np.random.default_rng(5).standard_normal(60)
    lane, count = np.repeat([1, 0, 2], 20), np.tile(np.arange(1, 21), 3)
    expected, average = [], 0.0
    for value, number in zip(values, count, strict=True):
        average = seeded(average, value, number, 5, 0.2)
        expected.append(average)
    told, memory = values.copy(), np.zeros(3)
    exponential(told, count, lane, memory, 5, 0.2)
    np.testing.assert_array_equal(told, expected)
    assert memory.tolist() == [expected[39], expected[19], expected[59]]
    told, memory = values.copy(), np.zeros(3)
    for half in (count <= 7, count > 7):
        part = values[half]
        exponential(part, count[half], lane[half], memory, 5, 0.2)
        told[half] = part
    np.testing.assert_array_equal(told, expected)


def test_with_a_period_of_one_it_begins_with_the_first_value():
    values, memory = np.array([8.0, 2.0, 6.0, 1.0, 3.0]), np.array([9.0, 9.0, 4.0])
    exponential(values, np.array([7, 8, 1, 1, 2]), np.array([2, 2, 2, 0, 0]), memory, 1, 0.5)
    assert values.tolist() == [6.0, 4.0, 6.0, 1.0, 2.0]
    assert memory.tolist() == [2.0, 9.0, 6.0]
