"""Shrunk win rates."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.statistics.shrinkage import (
    STRENGTH,
    history_half_life_ns,
    moments_to_beta,
    prior_strength,
    shrink,
    shrink_down,
)

DAY = 86_400 * 10**9


def test_rat_tumours() -> None:  # Bayesian Data Analysis, 3rd edition, chapter 5
    a, b = moments_to_beta(0.136, 0.103)
    assert (a, b) == pytest.approx((1.3703, 8.7056), abs=5e-5)
    found = shrink(4, 14, prior=a / (a + b), strength=a + b)
    assert (found.mean, found.se) == pytest.approx((0.22306, 0.08313), abs=5e-6)
    found = shrink(4, 14, prior=0.14, strength=10.0)
    assert (found.mean, found.se) == pytest.approx((0.225, 0.0835), abs=5e-5)


def test_seven_of_ten() -> None:
    assert shrink(7, 10, prior=0.5).mean == pytest.approx(0.5667, abs=5e-5)


def test_without_history_there_is_the_prior() -> None:
    assert shrink(0, 0, prior=0.42).mean == pytest.approx(0.42)
    assert [rate.mean for rate in shrink_down([(0, 0)] * 3, base=0.42)] == pytest.approx([0.42] * 3)


def test_a_hierarchy_passes_its_mean_down() -> None:
    everything, strategy, regime = shrink_down([(60, 100), (3, 10), (0, 0)], strengths=[20, 10, 5])
    assert everything.mean == pytest.approx(70 / 120)
    assert strategy.mean == pytest.approx((3 + 10 * everything.mean) / 20)
    assert (regime.mean, regime.n, regime.strength) == (pytest.approx(strategy.mean), 0, 5)


def test_probability_above_and_interval() -> None:
    found = shrink(80, 100, prior=0.5)
    assert found.above(0.5) > 0.9999
    assert found.above(found.interval(0.9).low) == pytest.approx(0.95)
    assert found.interval().low < found.mean < found.interval().high


def test_decayed_wins_may_round_past_decayed_outcomes() -> None:
    assert shrink(3.0000000001, 3.0, prior=0.5).mean == pytest.approx(13 / 23)


@pytest.mark.parametrize(
    ("wins", "n", "prior", "strength"), [(2, 1, 0.5, 20), (-1, 1, 0.5, 20), (1, 1, 1.0, 20), (1, 1, 0.5, 0)]
)
def test_impossible_counts_are_refused(wins: float, n: float, prior: float, strength: float) -> None:
    with pytest.raises(ValueError, match=r"cannot be|impossible"):
        shrink(wins, n, prior=prior, strength=strength)


def test_groups_that_differ_by_chance_get_the_strongest_prior() -> None:
    draws = np.random.default_rng(3)
    assert prior_strength(draws.binomial(100, 0.5, 40), np.full(40, 100)) > 100
    assert prior_strength(np.full(9, 50), np.full(9, 100)) == 200
    assert prior_strength(draws.binomial(200, draws.beta(10, 10, 500)), np.full(500, 200)) == pytest.approx(20, rel=0.2)
    assert prior_strength([10, 90] * 6, [100] * 12) == 10
    assert prior_strength([1] * 50, [2] * 50) == STRENGTH


def test_half_life_is_the_longer_of_days_and_outcomes() -> None:
    assert history_half_life_ns(1000) == 14 * DAY
    assert history_half_life_ns(2) == 100 * DAY
    assert history_half_life_ns(0) == 14 * DAY


@given(st.integers(0, 500), st.integers(0, 500), st.floats(0.01, 0.99), st.floats(1, 200))
def test_lies_between_the_group_and_its_parent(wins: int, losses: int, prior: float, strength: float) -> None:
    found = shrink(wins, wins + losses, prior=prior, strength=strength)
    rate = wins / (wins + losses) if wins + losses else prior
    assert min(rate, prior) - 1e-12 <= found.mean <= max(rate, prior) + 1e-12
    assert 0 < found.mean < 1
