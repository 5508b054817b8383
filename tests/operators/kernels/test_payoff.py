"""Payoff and risk: shrunk means, and finite penalties for any input."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from operators.kernels.payoff import RETURNS, add_return, payoff, risk

FOREVER = (1e30, 1e12)
HALF = (0.5, 0.5, 0.5)


def record(results):
    mine = np.zeros(1, RETURNS)
    for r in results:
        add_return(mine[0], r, 1.0, 0, FOREVER)
    return mine[0]


def test_without_outcomes_the_planned_payoff_is_used():
    assert payoff(record([]), 1.4, 1.1, 20.0) == pytest.approx((1.4, 1.1))


def test_means_are_shrunk_towards_the_plan():
    wins, losses = payoff(record([2.0] * 20 + [-1.0] * 60), 1.0, 1.2, 20.0)
    assert (wins, losses) == pytest.approx(((40 + 20) / 40, (60 + 24) / 80))


@given(st.lists(st.floats(-3, 3), max_size=40))
def test_the_drawdown_is_that_from_the_peak(results):
    total = np.concatenate([[0.0], np.cumsum(results)])
    assert record(results)["drawdown"] == pytest.approx(np.maximum.accumulate(total)[-1] - total[-1], abs=1e-9)


@given(st.lists(st.floats(-5, 5), max_size=40), st.floats(0, 1e6) | st.just(np.nan))
def test_risk_is_in_the_unit_interval(results, ratio):
    assert 0.0 < risk(record(results), ratio, 5.0, HALF) <= 1.0


@pytest.mark.parametrize("results", [[], [1.0], [1.0] * 30, [0.0] * 30])
def test_a_record_without_losses_and_a_calm_market_cost_nothing(results):
    assert risk(record(results), 1.0, 5.0, HALF) == 1.0


def test_equal_losses_are_bad_and_finite():
    mine = record([-1.1] * 30)
    deep = 33.0 / (5.0 * np.sqrt(30 / 25)) - 1.0
    assert risk(mine, np.nan, 5.0, HALF) == pytest.approx(np.exp(-0.5 * deep - 0.5 * 11.0 * 0.5))


def test_higher_volatility_lowers_the_rank_and_unknown_does_not():
    assert risk(record([]), 4.0, 5.0, HALF) == pytest.approx(0.5)
    assert risk(record([]), np.nan, 5.0, HALF) == 1.0
    assert risk(record([]), 0.0, 5.0, HALF) == 1.0
