"""Verdicts and their reasons."""

import numpy as np
import pytest
from hypothesis import given

from domain.statistics.sharpe import sharpe
from domain.statistics.significance import psr
from domain.statistics.trials import Trials
from domain.statistics.verdict import judge
from tests.domain.statistics.series import daily_returns

ONE = Trials(1, None)


def _returns(days: int, ratio: float) -> np.ndarray:
    """Normal returns with exactly this Sharpe ratio a year."""
    draws = np.random.default_rng(8).normal(size=days)
    return 0.01 * ((draws - draws.mean()) / draws.std(ddof=1) + ratio / np.sqrt(365))


def test_a_long_record_of_skill_is_significant() -> None:
    found = judge(sharpe(_returns(1000, 2.5)), n=500, n_effective=400, tried=ONE)
    assert (found.verdict, found.days, found.trials) == ("SIGNIFICANT", 1000, 1)
    assert found.dsr == found.psr > 0.99
    assert "after 1 trial is" in found.reasons[0]


def test_many_trials_take_it_away() -> None:
    found = judge(sharpe(_returns(1000, 2.5)), n=500, n_effective=400, tried=Trials(500, 0.002))
    assert found.verdict == "NOT SIGNIFICANT"
    assert found.dsr < 0.95 < found.psr
    assert "after 500 trials is" in found.reasons[0]


@pytest.mark.parametrize(
    ("days", "ratio", "n_effective", "tried", "reason"),
    [
        (29, 9.0, 100, ONE, "29 days are fewer than 30"),
        (1000, 2.5, 29.5, ONE, "29.5 independent results are fewer than 30"),
        (200, 1.5, 100, ONE, "that a Sharpe ratio like this needs"),
        (1000, 2.5, 100, Trials(3, None), "the Sharpe ratios of the 3 trials are not known"),
    ],
)
def test_too_little_to_tell(days: int, ratio: float, n_effective: float, tried: Trials, reason: str) -> None:
    found = judge(sharpe(_returns(days, ratio)), n=200, n_effective=n_effective, tried=tried)
    assert found.verdict == "INSUFFICIENT"
    assert any(reason in said for said in found.reasons)


@pytest.mark.parametrize("tried", [ONE, Trials(2, None)])
def test_a_loss_is_not_significant_however_long_and_however_many_trials(tried: Trials) -> None:
    found = judge(sharpe(_returns(2000, -1.0)), n=500, n_effective=400, tried=tried)
    assert (found.verdict, found.minimum_days) == ("NOT SIGNIFICANT", None)
    assert found.reasons == ("the Sharpe ratio is not above zero over 2000 days",)


def test_no_trade_at_all_is_insufficient_for_each_reason() -> None:
    found = judge(sharpe([0.0] * 10), n=0, n_effective=0.0, tried=ONE)
    assert found.verdict == "INSUFFICIENT"
    assert found.reasons == (
        "10 days are fewer than 30",
        "0.0 independent results are fewer than 30",
        "daily returns do not vary, so there is no Sharpe ratio",
    )
    assert (found.psr, found.dsr, found.minimum_days) == (None, None, None)


def test_luck_alone_is_called_significant_in_one_of_twenty() -> None:
    draws = np.random.default_rng(21)
    words = [judge(sharpe(draws.normal(0, 0.01, 400)), n=400, n_effective=400, tried=ONE).verdict for _ in range(1000)]
    assert words.count("SIGNIFICANT") / 1000 < 0.07


@given(daily_returns)
def test_significant_means_the_probability_says_so(returns: list[float]) -> None:
    ratio = sharpe(returns)
    found = judge(ratio, n=100, n_effective=100, tried=ONE)
    assert found.reasons
    assert found.psr == psr(ratio)
    if found.verdict == "SIGNIFICANT":
        assert found.dsr >= 0.95
