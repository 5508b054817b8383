"""Thresholds by lower bounds on all candidates."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.statistics.thresholds import Level, Thresholds, guard, slew

HOUR = 3_600 * 10**9


def _graded(n: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Regimes, times, calibrated probabilities and results of a 1.5 : 1 bet."""
    draws = np.random.default_rng(seed)
    p = draws.uniform(0.2, 0.9, n)
    return (
        draws.integers(0, 3, n),
        np.sort(draws.integers(0, 100 * HOUR, n)),
        p,
        np.where(draws.random(n) < p, 1.5, -1.0),
    )


def test_the_lowest_level_that_pays_is_near_break_even() -> None:
    thresholds = Thresholds(3, 1000 * HOUR, lowest=0.2)
    thresholds.add(*_graded(20_000))
    level = thresholds.choose(1, 100 * HOUR, break_even=0.4)
    assert 0.4 <= level.probability <= 0.44
    assert level.lower > 0
    assert level.mean > level.lower


def test_a_level_equals_the_slow_twin() -> None:
    regimes, times, p, results = _graded(400)
    thresholds = Thresholds(3, 50 * HOUR, lowest=0.2)
    thresholds.add(regimes, times, p, results)
    now = 120 * HOUR
    for level in thresholds.levels(2, now):
        above = p >= level.probability
        decay = 0.5 ** ((now - times) / (50 * HOUR))
        own, other = decay * (above & (regimes == 2)), decay * (above & (regimes != 2))
        weights = own + other * min(1.0, 30 / other.sum()) if other.sum() else own
        assert level.n == pytest.approx(own.sum())
        if level.mean is not None:
            assert level.mean == pytest.approx(weights @ results / weights.sum())
            assert level.n_effective <= weights.sum() + 1e-9
        assert level.per_hour == pytest.approx(own.sum() * math.log(2) / 50)


def test_where_nothing_pays_be_nearly_silent() -> None:
    thresholds = Thresholds(1, 1000 * HOUR)
    assert thresholds.choose(0, 0, break_even=0.4).probability == pytest.approx(0.95)
    regimes, times, p, _ = _graded(2_000)
    thresholds.add(regimes * 0, times, p, np.where(np.arange(2_000) % 3, -1.0, 1.0))
    assert thresholds.choose(0, 100 * HOUR, break_even=0.4).probability == pytest.approx(0.95)


def test_a_cap_on_the_rate_raises_the_level() -> None:
    thresholds = Thresholds(3, 1000 * HOUR, lowest=0.2)
    thresholds.add(*_graded(20_000))
    free = thresholds.choose(0, 100 * HOUR, break_even=0.4)
    capped = thresholds.choose(0, 100 * HOUR, break_even=0.4, most_per_hour=free.per_hour / 2)
    assert capped.probability > free.probability
    assert capped.per_hour <= free.per_hour / 2


def test_equal_results_and_one_result_prove_nothing() -> None:
    for n in (1, 50):
        thresholds = Thresholds(1, 1000 * HOUR)
        thresholds.add([0] * n, [0] * n, [0.9] * n, [1.0] * n)
        level = thresholds.levels(0, 0)[0]
        assert (level.n, level.lower) == (n, None)
        assert level.mean == pytest.approx(1.0)


def test_what_was_never_entered_is_left_out() -> None:
    thresholds = Thresholds(1, 1000 * HOUR)
    thresholds.add([0, 0], [0, 0], [0.9, math.nan], [math.nan, 1.0])
    assert thresholds.levels(0, 0)[0] == Level(thresholds.grid[0], 0.0, 0.0, None, None, 0.0)


@given(st.integers(0, 200), st.integers(0, 200))
def test_batches_and_snapshots_leave_no_trace(a: int, b: int) -> None:
    columns = _graded(200)
    whole, parts = Thresholds(3, 10 * HOUR), Thresholds(3, 10 * HOUR)
    whole.add(*columns)
    for part in (slice(0, min(a, b)), slice(min(a, b), max(a, b)), slice(max(a, b), None)):
        parts.add(*(column[part] for column in columns))
        parts = Thresholds.restore(parts.snapshot())
    assert parts.levels(1, 200 * HOUR) == whole.levels(1, 200 * HOUR)


def _wanted(probability: float, n_effective: float = 100.0) -> Level:
    return Level(probability, 100.0, n_effective, 0.1, 0.05, 1.0)


def test_a_threshold_moves_slowly_and_only_on_evidence() -> None:
    assert slew(0.5, _wanted(0.9), break_even=0.4) == pytest.approx(0.52)
    assert slew(0.5, _wanted(0.1), break_even=0.4) == pytest.approx(0.48)
    assert slew(0.5, _wanted(0.505), break_even=0.4) == 0.5
    assert slew(0.5, _wanted(0.9, n_effective=29), break_even=0.4) == 0.5
    assert slew(0.3, _wanted(0.2), break_even=0.44) == 0.44
    assert slew(0.94, _wanted(0.99), break_even=0.44) == 0.95


def test_losses_tend_to_the_target_even_through_a_shift() -> None:
    draws, t, rate, target = np.random.default_rng(4), 10_000, 0.005, 0.1
    threshold, losses = 0.5, 0
    for i in range(t):
        # 1 refuses all, so nothing is lost there; 0 takes all, and all is counted as lost.
        risk = (1 - threshold) * (0.5 if i < t // 2 else 1.0)
        lost = threshold < 1 and (threshold <= 0 or draws.random() < risk)
        losses += lost
        threshold = guard(threshold, lost=lost, target=target, rate=rate)
    assert abs(losses / t - target) <= (0.5 + rate) / (rate * t) + 1e-3
