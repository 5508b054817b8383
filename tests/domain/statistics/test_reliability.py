"""Calibration as measured."""

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.statistics.odds import logit, sigmoid
from domain.statistics.reliability import Reliability, reliability

P = [0.05 + 0.1 * i for i in range(10)]
WON = [0, 0, 1, 0, 0, 1, 0, 1, 1, 1]


def test_known_errors() -> None:
    found = reliability(P, WON, bins=5, least=1)
    assert found.ece == pytest.approx(0.12)
    assert (found.reliability, found.resolution, found.uncertainty) == pytest.approx((0.02, 0.10, 0.25))
    assert [point.n for point in found.bins] == [2] * 5
    assert reliability(P, WON, bins=10, least=1).ece == pytest.approx(0.33)


def test_a_bin_holds_enough_outcomes() -> None:
    assert len(reliability(P, WON).bins) == 1
    draws = np.random.default_rng(0)
    p = draws.random(105)
    assert [point.n for point in reliability(p, draws.random(105) < p).bins] == [21] * 5


def test_a_calibrated_forecaster_is_called_so() -> None:
    draws = np.random.default_rng(5)
    p = draws.uniform(0.1, 0.9, 20_000)
    found = reliability(p, draws.random(20_000) < p)
    assert (found.slope, found.intercept) == pytest.approx((1, 0), abs=0.06)
    assert found.ece_interval.low <= found.ece <= found.ece_interval.high < 0.03
    assert all(point.interval.low - 0.02 < point.predicted < point.interval.high + 0.02 for point in found.bins)


def test_an_over_confident_forecaster_has_a_flat_slope() -> None:
    draws = np.random.default_rng(6)
    p = draws.uniform(0.1, 0.9, 20_000)
    found = reliability(sigmoid(2 * np.asarray(logit(p)) + 0.5), draws.random(20_000) < p)
    assert found.slope == pytest.approx(0.5, abs=0.03)
    assert found.intercept == pytest.approx(-0.25, abs=0.05)


@pytest.mark.parametrize(
    ("p", "won"), [([0.6], [1]), ([0.6] * 50, [1] * 50), ([0.0, 1.0] * 30, [0, 1] * 30), ([0.2, 0.3] * 30, [0] * 60)]
)
def test_without_a_contrast_there_is_no_slope(p: list[float], won: list[int]) -> None:
    found = reliability(p, won)
    assert (found.n, found.slope, found.intercept) == (len(p), None, None)
    assert found.ece is not None


def test_nothing_stated_has_no_diagram() -> None:
    found = reliability([], [])
    assert (found.n, found.bins, found.ece, found.slope) == (0, (), None, None)


@given(
    st.lists(st.tuples(st.sampled_from([0.0, 0.1, 0.3, 0.3001, 0.8, 1.0]), st.booleans()), min_size=1, max_size=60),
    st.randoms(),
)
def test_the_order_of_outcomes_does_not_matter(rows: list[tuple[float, bool]], random: object) -> None:
    found = reliability(*zip(*rows, strict=True), bins=4, least=3)
    random.shuffle(rows)
    again = reliability(*zip(*rows, strict=True), bins=4, least=3)
    assert again.bins == pytest.approx(found.bins) or [b.n for b in again.bins] == [b.n for b in found.bins]
    assert sum(point.n for point in found.bins) == found.n
    assert found.ece == pytest.approx(again.ece)
    assert msgspec.json.decode(msgspec.json.encode(found), type=Reliability) == found


@given(st.lists(st.tuples(st.sampled_from([0.1, 0.4, 0.9]), st.booleans()), min_size=9, max_size=60))
def test_parts_of_murphy_add_up_where_bins_hold_one_probability(rows: list[tuple[float, bool]]) -> None:
    p, won = zip(*rows, strict=True)
    found = reliability(p, won, bins=9, least=1)
    if all(point.predicted == pytest.approx(point.low) for point in found.bins):
        assert found.reliability - found.resolution + found.uncertainty == pytest.approx(found.scores.brier)
