"""Liquidity weight: 1 at the usual turnover, less in a thin market, never 0."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.slices import BAR, INCOMPLETE
from operators.kernels.liquidity import THINNEST, add_turnover, liquidity, turnovers
from operators.kernels.score_memory import INSTRUMENT

FAST, SLOW = 2 ** (-1 / 12), 2 ** (-1 / 288)


def after(volumes, exponent=1.0):
    mine = np.zeros(1, INSTRUMENT)
    for volume in volumes:
        add_turnover(mine[0], volume, FAST, SLOW)
    return liquidity(mine[0], exponent)


@given(st.lists(st.floats(0, 1e12), max_size=50), st.floats(0, 1))
def test_result_is_in_the_unit_interval(volumes, exponent):
    assert 0.0 < after(volumes, exponent) <= 1.0


def test_the_usual_turnover_changes_nothing():
    assert after([7.0] * 100) == pytest.approx(1.0)
    assert after([]) == after([0.0] * 10) == 1.0


def test_liquidity_weight_falls_as_turnover_dries_up():
    shares = [after([100.0] * 500 + [1.0] * thin) for thin in (0, 5, 20, 60)]
    assert shares == sorted(shares, reverse=True)
    assert after([100.0] * 5_000 + [0.0] * 2_000) == THINNEST


def test_a_burst_counts_no_more_than_the_usual():
    assert after([1.0] * 100 + [50.0] * 5) == 1.0


def test_turnovers_are_of_one_frame_and_unknown_where_trades_are_missing():
    bars = np.zeros(4, BAR)
    bars["frame"], bars["close_time"], bars["instrument"] = [0, 1, 1, 1], [1, 2, 3, 4], [5, 6, 7, 8]
    bars["volume"], bars["close"], bars["quote_volume"] = 2.0, 10.0, [1.0, 25.0, np.nan, 1.0]
    bars["flags"][3] = INCOMPLETE
    times, owners, found = turnovers(bars, 1)
    assert (times.tolist(), owners.tolist()) == ([2, 3, 4], [6, 7, 8])
    np.testing.assert_array_equal(found, [25.0, 20.0, np.nan])
