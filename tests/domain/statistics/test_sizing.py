"""Break-even, expected value and Kelly."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.statistics.sizing import break_even, expected_value, kelly

gain = st.floats(0.2, 5)


def test_known_break_even() -> None:
    assert break_even(1.5, cost_r=0.1) == pytest.approx(0.44)
    assert break_even(1.5) == pytest.approx(0.40)


@given(gain, gain, st.floats(0, 0.1))
def test_at_break_even_nothing_is_earned_or_bet(win: float, loss: float, cost: float) -> None:
    p = break_even(win, loss, cost_r=cost)
    assert expected_value(p, win, loss, cost_r=cost) == pytest.approx(0, abs=1e-12)
    assert kelly(p, win, loss, cost_r=cost) == pytest.approx(0, abs=1e-9)


@given(st.floats(0, 1), gain, gain)
def test_full_kelly_grows_fastest(p: float, win: float, loss: float) -> None:
    best = kelly(p, win, loss, fraction=1.0, cap=0.99 / loss)

    def growth(share: float) -> float:
        return p * math.log1p(share * win) + (1 - p) * math.log1p(-share * loss)

    for other in (best * 0.9, min(best * 1.1, 0.99 / loss), best + 1e-3):
        if other * loss < 0.995:
            assert growth(best) >= growth(other) - 1e-12 or best == pytest.approx(0.99 / loss)


@given(st.floats(0, 1), gain)
def test_is_never_negative_nor_above_the_cap(p: float, win: float) -> None:
    assert 0 <= kelly(p, win) <= 0.02


def test_what_cannot_win_is_not_bet_on() -> None:
    assert kelly(1.0, 0.1, cost_r=0.2) == 0.0
