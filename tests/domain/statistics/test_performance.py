"""Figures of graded results, degenerate ones included."""

import math

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.statistics.performance import Performance, by_group, of_sums, performance
from domain.statistics.sums import add, no_sums, pool
from tests.domain.statistics.series import FIRST_LOSS, LOSING, SHORT, WAVE, results


@pytest.mark.parametrize(
    ("values", "factor"),
    [
        (SHORT, 2.0),
        (LOSING, 0.5555555555555556),
        (WAVE, 1.3691596975311733),
        (FIRST_LOSS, 1.0),
        ([10, -20, 30, -40], 0.6666666667),
        ([10, 0, -20, -30], 0.2),
        ([-1, -2], 0.0),
        ([1, 2], None),
        ([0, 0], None),
    ],
)
def test_known_profit_factors(values: list[float], factor: float | None) -> None:
    assert performance(values).profit_factor == (None if factor is None else pytest.approx(factor, rel=1e-9))


@pytest.mark.parametrize(("values", "mean"), [([10, -5, 15, -10], 2.5), ([10, 0, -10], 0.0)])
def test_a_breakeven_is_neither_won_nor_lost(values: list[float], mean: float) -> None:
    found = performance(values)
    assert found.mean == mean
    assert found.wins + found.losses + found.breakevens == found.n == len(values)


def test_win_rate_is_over_all() -> None:
    assert performance(SHORT).win_rate == pytest.approx(0.6)
    assert performance(WAVE).win_rate == pytest.approx(31 / 60)


def test_nothing_has_no_figures() -> None:
    found = performance([])
    assert {name for name in found.__struct_fields__ if getattr(found, name) is not None} == {
        "n",
        "n_effective",
        "small",
        "wins",
        "losses",
        "breakevens",
        "total",
        "no_losses",
        "forecasts",
    }
    assert performance([math.nan, math.nan]) == found


def test_one_trade_has_a_result_but_no_spread() -> None:
    found = performance([1.5])
    assert (found.n, found.mean, found.total, found.best, found.worst) == (1, 1.5, 1.5, 1.5, 1.5)
    assert (found.se, found.interval, found.sqn, found.per_trade_sharpe, found.profit_factor) == (None,) * 5
    assert (found.no_losses, found.small, found.max_drawdown) == (True, True, 0.0)


@pytest.mark.parametrize("value", [0.1, -0.1, 0.0])
def test_equal_results_have_no_spread(value: float) -> None:
    found = performance([value] * 40)
    assert (found.se, found.sqn, found.sqn_100, found.per_trade_sharpe) == (None,) * 4
    assert found.win_rate == (1.0 if value > 0 else 0.0)


def test_all_losses() -> None:
    found = performance([-1.0, -0.5])
    assert (found.profit_factor, found.no_losses, found.average_win, found.expectancy_ratio) == (0.0, False, None, -1.0)


def test_system_quality_is_capped_at_100_results() -> None:
    found = performance(np.tile([1.5, -1.0], 200))
    assert found.sqn == pytest.approx(found.per_trade_sharpe * 20)
    assert found.sqn_100 == pytest.approx(found.per_trade_sharpe * 10)
    assert found.per_trade_sharpe == pytest.approx(0.25 / np.std(np.tile([1.5, -1.0], 200), ddof=1))


def test_overlap_widens_what_is_uncertain() -> None:
    values = np.tile([1.5, -1.0], 50)
    alone, shared = performance(values), performance(values, uniqueness=np.full(100, 0.25))
    assert (alone.n_effective, shared.n_effective) == (100, 25)
    assert shared.se == pytest.approx(2 * alone.se)
    assert shared.win_rate_interval.low < alone.win_rate_interval.low
    assert (shared.small, alone.small) == (True, False)


def test_forecasts_are_judged_where_there_were_any() -> None:
    found = performance([-1.0, 1.0, 1.0, -1.0, 1.0], probabilities=[0.1, 0.9, 0.8, 0.3, math.nan])
    assert (found.n, found.forecasts) == (5, 4)
    assert found.brier == pytest.approx(0.0375)
    assert (found.predicted_rate, found.realised_rate) == pytest.approx((0.525, 0.5))


def test_groups_are_told_apart_and_a_pool_has_no_drawdown() -> None:
    rows = no_sums(2)
    add(rows, [0, 1, 0], [1.0, -1.0, 2.0])
    assert by_group(rows) == [performance([1.0, 2.0]), performance([-1.0])]
    pooled = of_sums(pool(rows)[0])
    assert (pooled.n, pooled.total, pooled.max_drawdown) == (3, 2.0, None)


@given(results, st.data())
def test_goes_to_json_and_holds_together(values: list[float], data: st.DataObject) -> None:
    odds = data.draw(st.lists(st.floats(0, 1), min_size=len(values), max_size=len(values)))
    found = performance(values, probabilities=odds)
    assert msgspec.json.decode(msgspec.json.encode(found), type=Performance) == found
    if found.losses:
        ratio = (found.average_win or 0) * found.wins / found.n + found.average_loss * found.losses / found.n
        assert found.mean == pytest.approx(ratio, abs=1e-9)
    if found.win_rate is not None:
        assert found.win_rate_interval.low <= found.win_rate <= found.win_rate_interval.high
