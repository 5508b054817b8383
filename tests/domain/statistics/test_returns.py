"""Figures of periodic returns."""

import math

import msgspec
import pytest
from hypothesis import given

from domain.statistics.returns import Returns, cagr, returns, sortino
from tests.domain.statistics.series import LOSING, SHORT, WAVE, daily_returns


@pytest.mark.parametrize(
    ("values", "periods", "ratio"),
    [
        (SHORT, 252, 8.60916064775327),
        (SHORT, 365, 10.361126443416788),
        (LOSING, 252, -5.273224492824493),
        (WAVE, 252, 3.60427597327422),
        (WAVE, 365, 4.337746805295013),
        ([0.17, 0.15, 0.23, -0.05, 0.12, 0.09, 0.13, -0.04], 1, 4.417261),
    ],
)
def test_known_sortino_ratios(values: list[float], periods: int, ratio: float) -> None:
    assert sortino(values, periods_per_year=periods) == pytest.approx(ratio, rel=1e-7)


def test_known_growth() -> None:
    assert cagr(SHORT, periods_per_year=252) == pytest.approx(2.406011172683689, rel=1e-12)
    assert cagr(WAVE) == pytest.approx(0.41853344188817, rel=1e-12)
    figures = returns(WAVE)
    assert figures.cagr == cagr(WAVE)
    assert figures.calmar == pytest.approx(37.4905366924, rel=1e-10)


def test_known_probability_of_skill() -> None:
    assert returns(WAVE).psr == pytest.approx(0.857, abs=2e-3)  # 0.8570069 by bias-corrected moments


def test_a_short_series_is_not_extrapolated() -> None:
    figures = returns(SHORT)
    assert (figures.n, figures.cagr, figures.calmar) == (5, None, None)
    assert figures.total == pytest.approx(math.prod(1 + r for r in SHORT) - 1)


def test_nothing_has_no_figures() -> None:
    figures = returns([])
    assert msgspec.structs.replace(figures, sharpe=None, drawdown=None) == Returns(
        n=0,
        periods_per_year=365,
        total=None,
        cagr=None,
        volatility=None,
        sharpe=None,
        sortino=None,
        drawdown=None,
        calmar=None,
        psr=None,
        minimum_track_record=None,
    )


def test_without_a_loss_there_is_neither_sortino_nor_calmar() -> None:
    figures = returns([0.01, 0.02] * 20)
    assert (figures.sortino, figures.calmar, figures.drawdown.depth) == (None, None, 0.0)


def test_all_lost_and_beyond_all_numbers() -> None:
    assert cagr([0.1, -1.0, 5.0]) == -1.0
    assert cagr([9.0] * 40) is None


@given(daily_returns)
def test_goes_to_json_without_infinity(values: list[float]) -> None:
    figures = returns(values)
    assert msgspec.json.decode(msgspec.json.encode(figures), type=Returns) == figures
