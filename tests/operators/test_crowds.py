"""Crowds: arrival probabilities, and the bounds of the state."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.clock import HOUR, MINUTE
from domain.whale_settings import WhaleSettings
from operators.crowds import WINDOW_MAX, Crowds, poisson_tail


@given(st.integers(0, 60), st.floats(1e-6, 100.0))
def test_the_tail_is_what_the_other_terms_leave(least, expected):
    below = math.fsum(math.exp(k * math.log(expected) - expected - math.lgamma(k + 1)) for k in range(least))
    assert poisson_tail(least, expected) == pytest.approx(1.0 - below, rel=1e-9, abs=1e-12)


def test_the_tail_stays_exact_where_the_difference_from_one_is_lost():
    assert poisson_tail(20, 0.1) == pytest.approx(0.1**20 / math.factorial(20) * math.exp(-0.1), rel=1e-2)


def test_a_consensus_that_dissolved_can_form_anew():
    crowds, settings = Crowds(WhaleSettings()), WhaleSettings()
    told = [crowds.arrive(1, at * MINUTE, at, 1, 3_000.0) for at in range(4)]
    assert [len(each) for each in told] == [0, 0, 0, 1]
    later = 400 * HOUR  # so long that the four no longer make the market busy
    again = [crowds.arrive(2, later + at * MINUTE, at, -1, 3_000.0) for at in range(4)]
    assert [len(each) for each in again] == [0, 0, 0, 1]
    anew = [crowds.arrive(1, later + HOUR * 20 + at * MINUTE, at, 1, 3_000.0) for at in range(4)]
    assert [len(each) for each in anew] == [0, 0, 0, 1]
    assert anew[3][0].revision == 0
    assert settings.consensus_wallets == 4


def test_a_window_keeps_the_newest():
    crowds = Crowds(WhaleSettings())
    for at in range(3 * WINDOW_MAX):
        crowds.arrive(1, at, at, 1, 3_000.0)
    assert len(crowds.state()[0][1][1]) == WINDOW_MAX
