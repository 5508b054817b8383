"""Deflation, against the papers."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.statistics.sharpe import Sharpe, sharpe
from domain.statistics.significance import psr
from domain.statistics.trials import (
    Trials,
    deflated_benchmark,
    deflated_sharpe,
    effective_trials,
    expected_maximum,
    minimum_backtest_years,
    trials,
)
from tests.domain.statistics.series import WAVE, daily_returns


def _example(skewness: float = -3.0, kurtosis: float = 10.0) -> Sharpe:
    ratio = 2.5 / math.sqrt(250)
    return Sharpe(1250, ratio, 2.5, None, skewness, kurtosis, None, None, None)


@pytest.mark.parametrize(
    ("n", "value"), [(100, 2.5306028932016846), (45, 2.2356401777664052), (10, 1.57459830134575), (1, 0.0)]
)
def test_known_maxima(n: int, value: float) -> None:
    assert expected_maximum(n) == pytest.approx(value, rel=1e-12)


def test_example_of_the_paper() -> None:
    assert deflated_benchmark(Trials(100, 0.5 / 250)) == pytest.approx(0.11317200186513214, rel=1e-12)
    assert deflated_sharpe(_example(), Trials(100, 0.5 / 250)) == pytest.approx(0.90039683444939034, rel=1e-12)
    assert deflated_sharpe(_example(), Trials(46, 0.5 / 250)) == pytest.approx(0.9505017068755786, rel=1e-12)
    assert deflated_sharpe(_example(), Trials(88, 0.5 / 250)) == pytest.approx(0.910153, abs=5e-7)
    assert deflated_sharpe(_example(0.0, 3.0), Trials(88, 0.5 / 250)) == pytest.approx(0.950491, abs=5e-7)


def test_known_length_of_a_backtest() -> None:
    assert minimum_backtest_years(45, 1.0) == pytest.approx(4.9980870044434038, rel=1e-12)
    assert minimum_backtest_years(45, 0.0) is None


@pytest.mark.parametrize(("years", "best"), [(30 / 365, [4.16, 6.63, 8.83]), (1.0, [1.19, 1.90, 2.53])])
def test_what_the_best_of_zero_skill_shows(years: float, best: list[float]) -> None:
    found = [expected_maximum(n) / math.sqrt(years) for n in (5, 20, 100)]
    assert found == pytest.approx(best, abs=0.01)


def test_an_attempt_without_a_ratio_is_an_attempt() -> None:
    assert trials([0.1, float("nan"), 0.1]) == Trials(3, None)
    assert trials([]) == Trials(0, None)
    assert effective_trials(10, 0.0) == 10
    assert effective_trials(10, 1.0) == 1


def test_one_trial_is_not_deflated_and_unknown_ones_cannot_be() -> None:
    ratio = sharpe(WAVE)
    assert deflated_sharpe(ratio, Trials(1, None)) == psr(ratio)
    assert deflated_sharpe(ratio, Trials(2, None)) is None
    assert deflated_sharpe(sharpe([0.0] * 9), Trials(2, 0.1)) is None


@given(daily_returns, st.integers(1, 1000), st.floats(0, 1))
def test_never_above_the_probability_before(returns: list[float], n: int, variance: float) -> None:
    ratio = sharpe(returns)
    deflated, before = deflated_sharpe(ratio, Trials(n, variance)), psr(ratio)
    assert (deflated is None) == (before is None)
    if deflated is not None:
        assert 0 <= deflated <= before


@given(st.floats(1, 1000), st.floats(1, 1000))
def test_the_maximum_rises_with_trials(a: float, b: float) -> None:
    assert expected_maximum(min(a, b)) <= expected_maximum(max(a, b)) + 1e-12
