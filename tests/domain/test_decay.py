"""Decay: evidence decays to the base rate, ranks to 0."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.decay import HALF_LIFE_S, aged_probability, aged_score, share_left

PROBABILITY = st.floats(0.001, 0.999)


def test_a_half_life_halves_the_log_odds_in_excess():
    assert aged_probability(0.8, 0.5, share_left(HALF_LIFE_S)) == pytest.approx(0.6666667, abs=5e-8)


@given(PROBABILITY, PROBABILITY, st.floats(0, 1e7), st.floats(0, 1e7), st.floats(1, 1e6))
def test_age_moves_a_probability_to_the_base_rate_and_never_beyond(p, base, age, more, half_life):
    young, old = (aged_probability(p, base, share_left(at, half_life)) for at in (age, age + more))
    assert abs(old - base) <= abs(young - base) + 1e-12
    assert min(p, base) - 1e-12 <= old <= max(p, base) + 1e-12


def test_a_signal_from_the_future_is_new():
    assert share_left(-5.0) == 1.0


def test_a_very_old_signal_is_worth_the_base_rate_and_no_rank():
    assert aged_probability(0.9, 0.4, share_left(1e9)) == pytest.approx(0.4)
    assert aged_score(90.0, share_left(1e9)) == 0.0
