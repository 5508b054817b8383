"""Logistic regression by its own conditions."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.statistics.logistic import logistic
from domain.statistics.odds import sigmoid


@given(st.integers(0, 2**32), st.floats(0.01, 10))
def test_the_optimum_has_no_gradient(seed: int, ridge: float) -> None:
    draws = np.random.default_rng(seed)
    x = np.column_stack([draws.normal(size=50), np.ones(50)])
    y, w, start = (draws.random(50) < 0.5).astype(float), draws.uniform(0.1, 2, 50), np.array([1.0, 0.0])
    found = logistic(x, y, w, start=start, ridge=ridge)
    gradient = x.T @ (w * (sigmoid(x @ found) - y)) + ridge * (found - start)
    assert np.abs(gradient).max() < 1e-8


def test_a_constant_rate_is_found() -> None:
    found = logistic(np.ones((10, 1)), np.array([1.0] * 7 + [0.0] * 3), np.ones(10), start=np.zeros(1))
    assert sigmoid(float(found[0])) == pytest.approx(0.7)


def test_far_starts_arrive() -> None:
    draws = np.random.default_rng(2)
    x = np.column_stack([draws.normal(size=500), np.ones(500)])
    y = (draws.random(500) < sigmoid(x @ np.array([2.0, -1.0]))).astype(float)
    near = logistic(x, y, np.ones(500), start=np.zeros(2))
    far = logistic(x, y, np.ones(500), start=np.array([-8.0, 9.0]))
    assert far == pytest.approx(near, abs=1e-9)


def test_what_has_no_single_optimum_is_none() -> None:
    x = np.column_stack([np.ones(10), np.ones(10)])
    assert logistic(x, np.ones(10), np.ones(10), start=np.zeros(2)) is None
