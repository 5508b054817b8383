"""Exponential averages of all rows against one value at a time."""

import numpy as np

from operators.kernels.averages import seeded
from operators.kernels.exponential import exponential


def test_goes_on_where_each_lane_ended():
    values = np.random.default_rng(5).standard_normal(60)
    at, lane = np.arange(60), np.repeat([1, 0, 2], 20)
    count = np.tile(np.arange(1, 21), 3)
    expected, average = [], 0.0
    for value, number in zip(values, count, strict=True):
        average = seeded(average, value, number, 5, 0.2)
        expected.append(average)
    np.testing.assert_array_equal(exponential(values, at, count, lane, np.zeros(3), 5, 0.2), expected)
    last, told = np.zeros(3), np.empty(60)
    for half in (count <= 7, count > 7):
        told[half] = exponential(values, at[half], count[half], lane[half], last, 5, 0.2)
    np.testing.assert_array_equal(told, expected)
    assert last.tolist() == [expected[39], expected[19], expected[59]]
