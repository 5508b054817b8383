"""Logarithms of ratios against numpy's."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from operators.kernels.logarithms import log_ratios


def ratios(over, under):
    """What the kernel makes of all places."""
    out = np.empty(over.size)
    log_ratios(over, under, np.arange(over.size), out)
    return out


@settings(deadline=None)  # the first call loads the kernel
@given(st.sampled_from([1e-9, 1e-4, 0.05, 0.2, 3.0]), st.integers(0, 2**32 - 1))
def test_equals_the_logarithm(spread, seed):
    rng = np.random.default_rng(seed)
    under = np.exp(rng.normal(0.0, 10.0, 99))
    over = under * np.exp(rng.normal(0.0, spread, 99))
    # The plain logarithm has lost digits where the ratio is near 1, the other where it is far from it.
    exact = np.where(np.abs(over - under) < 0.3 * under, np.log1p((over - under) / under), np.log(over / under))
    np.testing.assert_allclose(ratios(over, under), exact, rtol=2e-15, atol=0)


def test_of_equals_is_zero_and_bad_numbers_show():
    told = ratios(np.array([2.0, 1.0, np.nan, np.inf]), np.array([2.0, 0.0, 1.0, 1.0]))
    np.testing.assert_array_equal(told, [0.0, np.inf, np.nan, np.inf])
