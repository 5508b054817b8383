"""The Beta distribution against scipy and binomial tails."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.statistics import beta

counts = st.integers(1, 60)


@pytest.mark.parametrize(
    ("p", "a", "b", "x"),
    [
        (0.05, 16.0, 6.0, 0.5630236839687343),
        (0.025, 0.5, 0.5, 0.0015413331334359),
        (1e-6, 3000.0, 2000.0, 0.5668147647846046),
        (0.9676735496682366, 1000.5, 2500.25, 0.3),
    ],
)
def test_known_quantiles(p: float, a: float, b: float, x: float) -> None:
    assert beta.quantile(p, a, b) == pytest.approx(x, rel=1e-9)
    assert beta.cdf(x, a, b) == pytest.approx(p, rel=1e-9)


@given(counts, counts, st.floats(0, 1))
def test_share_is_a_binomial_tail(a: int, b: int, x: float) -> None:
    n = a + b - 1
    tail = sum(math.comb(n, k) * x**k * (1 - x) ** (n - k) for k in range(a, n + 1))
    assert beta.cdf(x, a, b) == pytest.approx(tail, rel=1e-10, abs=1e-14)


@given(st.floats(0.05, 500), st.floats(0.05, 500), st.floats(0, 1), st.floats(0, 1))
def test_share_rises_from_nothing_to_all(a: float, b: float, x: float, y: float) -> None:
    low, high = min(x, y), max(x, y)
    assert 0 <= beta.cdf(low, a, b) <= beta.cdf(high, a, b) + 1e-12 <= 1 + 2e-12


def test_ends_and_impossible_counts() -> None:
    assert (beta.cdf(-1.0, 2, 3), beta.cdf(1.0, 2, 3)) == (0.0, 1.0)
    with pytest.raises(ValueError, match="no distribution"):
        beta.cdf(0.5, 0.0, 1.0)
