"""Scores against worked examples."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.statistics.scoring_rules import Scores, scores


def test_known_scores() -> None:
    assert scores([0.1, 0.9, 0.8, 0.3], [0, 1, 1, 0]).brier == pytest.approx(0.0375)
    assert scores([0.9, 0.1, 0.2, 0.65], [1, 0, 0, 1]).log_loss == pytest.approx(0.21616187468057912, rel=1e-14)
    p = [0.05 + 0.1 * i for i in range(10)]
    found = scores(p, [0, 0, 1, 0, 0, 1, 0, 1, 1, 1])
    assert (found.brier, found.log_loss) == pytest.approx((0.1625, 0.47778799234446956), rel=1e-13)
    assert found.skill == pytest.approx(1 - 0.1625 / 0.25)


def test_nothing_stated_has_no_score() -> None:
    assert scores([], []) == scores([math.nan], [True]) == Scores(0, None, None, None)


def test_where_all_won_there_is_no_skill() -> None:
    found = scores([0.9, 0.8], [1, 1])
    assert (found.n, found.skill) == (2, None)


def test_a_certain_error_is_costly_but_finite() -> None:
    found = scores([0.0, 1.0], [1, 0])
    assert found.brier == 1.0
    assert 30 < found.log_loss < 40


@pytest.mark.parametrize(
    ("p", "won", "message"), [([1.1], [1], "outside 0 and 1"), ([0.5], [1, 0], "needs its outcome")]
)
def test_what_is_no_probability_is_refused(p: list[float], won: list[int], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        scores(p, won)


@given(st.integers(1, 99), st.floats(0.01, 0.99))
def test_the_true_rate_scores_best(wins: int, other: float) -> None:
    won = [i < wins for i in range(100)]
    honest, lying = scores([wins / 100] * 100, won), scores([other] * 100, won)
    assert honest.brier <= lying.brier + 1e-12
    assert honest.log_loss <= lying.log_loss + 1e-12
