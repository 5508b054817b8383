"""Moments against pandas, in parts and where nothing varies."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.statistics.moments import Moments
from tests.domain.statistics.series import SHORT

sample = st.lists(st.floats(-100, 100).map(lambda x: round(x, 3)), max_size=40)


def test_skewness_and_kurtosis_are_those_of_the_population() -> None:
    moments, n = Moments.of(SHORT), len(SHORT)
    g1 = moments.skewness * math.sqrt(n * (n - 1)) / (n - 2)
    g2 = (n - 1) / ((n - 2) * (n - 3)) * ((n + 1) * (moments.kurtosis - 3) + 6)
    assert g1 == pytest.approx(-0.5656854249, abs=1e-9)  # bias-corrected, as pandas has them
    assert g2 == pytest.approx(-0.688, abs=1e-9)


@given(sample, sample, sample)
def test_merged_parts_are_the_whole(a: list[float], b: list[float], c: list[float]) -> None:
    whole = Moments.of([*a, *b, *c])
    merged = Moments.of(a).merge(Moments.of(b)).merge(Moments.of(c))
    assert (merged.n, merged.least, merged.greatest) == (whole.n, whole.least, whole.greatest)
    size = 1 + max((abs(x) for x in [*a, *b, *c]), default=0.0)
    for power, name in enumerate(("mean", "m2", "m3", "m4"), start=1):
        assert getattr(merged, name) == pytest.approx(getattr(whole, name), abs=1e-11 * size**power * (whole.n + 1))


@pytest.mark.parametrize("values", [[], [3.0], [0.1] * 7, [np.nan, 0.3]])
def test_what_does_not_vary_has_no_shape(values: list[float]) -> None:
    moments = Moments.of(values)
    assert (moments.sd, moments.skewness, moments.kurtosis) == (None, None, None)


def test_the_tiniest_spread_divides_by_nothing() -> None:
    moments = Moments.of([0.0, 1e-200])
    assert (moments.sd, moments.skewness, moments.kurtosis) == (None, None, None)
    moments = Moments.of([0.0, 1e-100])
    assert moments.sd is not None
    assert (moments.skewness, moments.kurtosis) == (None, None)
