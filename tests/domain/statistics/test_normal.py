"""The standard normal against known values."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.statistics import normal


@pytest.mark.parametrize(
    ("z", "share"),
    [(0.0, 0.5), (1.0, 0.8413447460685429), (-8.0, 6.220960574271785e-16), (-30.0, 4.906713927148187e-198)],
)
def test_share_below(z: float, share: float) -> None:
    assert normal.cdf(z) == pytest.approx(share, rel=1e-13)


@given(st.floats(1e-12, 1 - 1e-12))
def test_quantile_undoes_the_share(p: float) -> None:
    assert normal.cdf(normal.quantile(p)) == pytest.approx(p, rel=1e-10)
