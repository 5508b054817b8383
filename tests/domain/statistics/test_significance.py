"""Probability of skill and length of record, against the papers."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.statistics.sharpe import sharpe
from domain.statistics.significance import minimum_track_record, probabilistic_sharpe, psr, track_record
from tests.domain.statistics.series import daily_returns


@pytest.mark.parametrize(
    ("ratio", "skewness", "kurtosis", "probability", "within"),
    [
        (1.585 / math.sqrt(12), -2.448, 10.164, 0.91323430688486018, 1e-13),
        (1.585 / math.sqrt(12), 0.0, 3.0, 0.9815912, 5e-8),
        (0.458, -2.448, 10.164, 0.91336, 5e-6),  # a wrong kurtosis, in excess, gives 0.91997
        (0.458, 0.0, 3.0, 0.982, 5e-4),
    ],
)
def test_known_probabilities(ratio: float, skewness: float, kurtosis: float, probability: float, within: float) -> None:
    found = probabilistic_sharpe(ratio, 24, skewness=skewness, kurtosis=kurtosis)
    assert found == pytest.approx(probability, abs=within)


def _years(annual: float, over: float, periods: int, skewness: float = 0.0, kurtosis: float = 3.0) -> float:
    year = math.sqrt(periods)
    found = minimum_track_record(annual / year, benchmark=over / year, skewness=skewness, kurtosis=kurtosis)
    return found / periods


@pytest.mark.parametrize(
    ("years", "expected"),
    [
        (_years(2, 1, 250), 2.7311878017281761),
        (_years(2, 1, 52), 2.8288335869452368),
        (_years(2, 1, 12), 3.239800696444647),
        (_years(2, 1, 12, -0.72, 5.78), 4.991258223875627),
        (_years(3, 2.5, 12, -0.72, 5.78), 27.352920196040301),
    ],
)
def test_known_track_records(years: float, expected: float) -> None:
    assert years == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize(
    ("skewness", "kurtosis", "ratio", "years"), [(-0.2250, 2.9570, 0.7079, 0.7152), (-1.4455, 7.0497, 0.8183, 1.1593)]
)
def test_track_records_of_hedge_funds(skewness: float, kurtosis: float, ratio: float, years: float) -> None:
    assert minimum_track_record(ratio, skewness=skewness, kurtosis=kurtosis) / 12 == pytest.approx(years, abs=2e-4)


@pytest.mark.parametrize(
    ("annual", "skewness", "kurtosis", "days"),
    [(1.5, 0.0, 3.0, 441), (1.5, -1.0, 8.0, 479), (1.5, -2.0, 15.0, 518), (2.0, 0.0, 3.0, 249), (3.0, 0.0, 3.0, 112)],
)
def test_days_a_daily_ratio_needs(annual: float, skewness: float, kurtosis: float, days: int) -> None:
    found = minimum_track_record(annual / math.sqrt(365), skewness=skewness, kurtosis=kurtosis)
    assert found == pytest.approx(days, abs=1)


def test_no_record_is_long_enough_for_a_loss() -> None:
    assert minimum_track_record(0.0) is None
    assert minimum_track_record(0.1, benchmark=0.1) is None


def test_undefined_stays_undefined() -> None:
    assert psr(sharpe([0.01] * 9)) is None
    assert track_record(sharpe([0.01] * 9)) is None
    assert psr(sharpe([0.01, 0.02, 0.03])) is None
    assert probabilistic_sharpe(0.1, 100, skewness=None) is None


@given(daily_returns)
def test_is_a_probability_and_agrees_with_the_record_needed(returns: list[float]) -> None:
    ratio = sharpe(returns)
    certain, needed = psr(ratio), track_record(ratio)
    if certain is None:
        return
    assert 0 <= certain <= 1
    assert (certain > 0.5) == (ratio.per_period > 0) or abs(ratio.per_period) < 1e-12
    if needed is not None and abs(needed - ratio.n) > 1e-6:
        assert (certain > 0.95) == (ratio.n > needed)


@given(st.floats(-2, 2), st.floats(-1, 1), st.integers(4, 5000))
def test_falls_as_the_benchmark_rises(ratio: float, benchmark: float, n: int) -> None:
    assert probabilistic_sharpe(ratio, n, benchmark=benchmark) >= probabilistic_sharpe(
        ratio, n, benchmark=benchmark + 1
    )
