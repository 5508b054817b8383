"""Sharpe ratios against those of the peers and of the papers."""

import math

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from domain.statistics.sharpe import Sharpe, annualising_factor, dispersion, sharpe, standard_error
from tests.domain.statistics.series import FALLING, FIRST_LOSS, LOSING, MIXED, RISING, SHORT, WAVE, daily_returns


@pytest.mark.parametrize(
    ("returns", "periods", "ratio"),
    [
        (SHORT, 252, 4.48998886412873),
        (SHORT, 365, 5.403702434442518),
        (LOSING, 252, -3.8823829275667388),
        (WAVE, 252, 2.2061719259212604),
        (WAVE, 365, 2.6551283238455845),
        (FIRST_LOSS, 365, 0.0),
        (MIXED, 252, 1.7238613961706866),
        (RISING, 252, 52.915026221291804),
        (FALLING, 252, -24.406808633910085),
    ],
)
def test_known_ratios(returns: list[float], periods: int, ratio: float) -> None:
    assert sharpe(returns, periods_per_year=periods).annualised == pytest.approx(ratio, rel=1e-12, abs=1e-12)


def test_the_risk_free_rate_is_taken_off() -> None:
    returns = [0.259, 0.198, 0.364, -0.081, 0.057, 0.055, 0.188, 0.317, 0.24, 0.184, -0.01, 0.526]
    assert sharpe(returns, periods_per_year=1, risk_free=0.05).annualised == pytest.approx(0.834364, abs=5e-7)


@pytest.mark.parametrize("returns", [[], [0.01], [0.01] * 10, [0.0] * 10])
def test_what_does_not_vary_has_no_ratio(returns: list[float]) -> None:
    assert sharpe(returns) == Sharpe(len(returns), *[None] * 8)


def test_under_four_returns_there_is_a_ratio_but_no_error() -> None:
    found = sharpe([0.01, 0.02, -0.01])
    assert found.annualised is not None
    assert (found.se, found.adjusted_se) == (None, None)


def test_two_values_have_an_error() -> None:
    found = sharpe([0.0, 0.01] * 10)
    assert found.se is not None


@pytest.mark.parametrize(
    ("n", "skewness", "kurtosis", "ratio", "error"),
    [(134, -0.2250, 2.9570, 0.7079, 0.1028), (134, -1.4455, 7.0497, 0.8183, 0.1550)],
)
def test_known_errors(n: int, skewness: float, kurtosis: float, ratio: float, error: float) -> None:
    assert standard_error(ratio, n, skewness=skewness, kurtosis=kurtosis) == pytest.approx(error, abs=5e-5)


def test_dispersion_of_the_paper_of_2025() -> None:
    ratio = 0.036 / 0.079
    assert math.sqrt(dispersion(ratio, skewness=-2.448, kurtosis=10.164) / 24) == pytest.approx(0.329, abs=5e-4)
    assert math.sqrt(dispersion(ratio) / 24) == pytest.approx(0.214, abs=6e-4)


@pytest.mark.parametrize(
    ("rho", "factor"), [(-0.2, 4.171), (0.0, 3.464), (0.1, 3.160), (0.2, 2.879), (0.5, 2.121), (0.9, 1.207)]
)
def test_factor_of_an_autoregression(rho: float, factor: float) -> None:
    assert annualising_factor([rho**k for k in range(1, 12)], 12) == pytest.approx(factor, abs=5e-4)


def test_factor_of_a_year_of_days() -> None:
    assert annualising_factor([], 365) == pytest.approx(math.sqrt(365))
    assert annualising_factor([0.1], 365) == pytest.approx(17.444, abs=5e-4)
    assert annualising_factor([0.2, 0.1], 365) == pytest.approx(15.114, abs=5e-4)
    assert annualising_factor([-0.9, -0.9], 365) is None


def test_rows_of_losses_widen_the_error() -> None:
    draws = np.random.default_rng(1).normal(0.001, 0.01, 400)
    found = sharpe(np.convolve(draws, [1.0, 0.8, 0.6], mode="valid"))
    assert found.adjusted_se > 1.3 * found.se
    assert found.adjusted < found.annualised


@given(daily_returns, st.floats(0.01, 100))
def test_leverage_changes_nothing(returns: list[float], leverage: float) -> None:
    found, levered = sharpe(returns), sharpe([leverage * r for r in returns])
    assume(found.per_period is not None and np.std(returns) > 1e-6)
    for name in ("annualised", "skewness", "kurtosis", "autocorrelation"):
        assert getattr(levered, name) == pytest.approx(getattr(found, name), rel=1e-6, abs=1e-9)


@given(daily_returns)
def test_no_number_is_infinite(returns: list[float]) -> None:
    found = sharpe(returns)
    figures = [getattr(found, name) for name in found.__struct_fields__]
    assert all(figure is None or math.isfinite(figure) for figure in figures)
