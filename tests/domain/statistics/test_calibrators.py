"""Calibrators undo what was distorted and never leave 0 to 1."""

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.statistics.calibrators import (
    Beta,
    Calibrator,
    Identity,
    Isotonic,
    Platt,
    fit,
    fit_beta,
    fit_isotonic,
    fit_platt,
    pool_adjacent,
)
from domain.statistics.odds import logit, sigmoid

P = [0.05 + 0.1 * i for i in range(10)]
WON = [0, 0, 1, 0, 0, 1, 0, 1, 1, 1]
FITS = [fit_platt, fit_beta, fit_isotonic]
pairs = st.lists(st.tuples(st.floats(0, 1), st.booleans()), min_size=1, max_size=40)


def _distorted(n: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """True probabilities, what an over-confident model states, and what happened."""
    draws = np.random.default_rng(11)
    true = draws.uniform(0.1, 0.9, n)
    return true, np.asarray(sigmoid(1.8 * np.asarray(logit(true)) + 0.7)), draws.random(n) < true


def test_known_staircases() -> None:
    assert pool_adjacent([1, 3, 2, 4, 3, 5]).tolist() == [1, 2.5, 2.5, 3.5, 3.5, 5]
    assert pool_adjacent(WON).tolist() == pytest.approx([0, 0, 1 / 3, 1 / 3, 1 / 3, 0.5, 0.5, 1, 1, 1])
    assert pool_adjacent([]).tolist() == []
    found = fit_isotonic(P, WON)
    assert found.values == pytest.approx((0, 1 / 3, 0.5, 1))
    assert found.apply([0.0, 0.05, 0.3, 0.6, 1.0]).tolist() == pytest.approx([1 / 12, 1 / 12, 1 / 3, 0.5, 11 / 12])


@pytest.mark.parametrize("fitted", FITS)
def test_a_distortion_is_undone(fitted: object) -> None:
    true, said, won = _distorted(20_000)
    assert np.abs(said - true).mean() > 0.1
    assert np.abs(fitted(said, won).apply(said) - true).mean() < 0.03


def test_platt_finds_the_distortion() -> None:
    _, said, won = _distorted(20_000)
    found = fit_platt(said, won)
    assert (found.slope, found.intercept) == pytest.approx((1 / 1.8, -0.7 / 1.8), abs=0.03)


def test_beta_leaves_the_calibrated_alone() -> None:
    true, _, won = _distorted(20_000)
    found = fit_beta(true, won)
    assert np.abs(found.apply(true) - true).max() < 0.03


@pytest.mark.parametrize(
    ("n", "kind"), [(0, Identity), (29, Identity), (30, Platt), (999, Platt), (1_000, Beta), (5_000, Isotonic)]
)
def test_few_outcomes_carry_few_numbers(n: int, kind: type) -> None:
    _, said, won = _distorted(n)
    assert type(fit(said, won)) is kind


def test_overlapping_outcomes_count_less() -> None:
    _, said, won = _distorted(1_000)
    weights = np.where(np.arange(1_000) < 40, 1.0, 0.0)
    assert fit(said, won, weights).n == 40


@pytest.mark.parametrize("fitted", FITS)
@pytest.mark.parametrize("won", [[1] * 8, [0] * 8, [0, 1] * 4])
@pytest.mark.parametrize("p", [[0.7] * 8, [0.0, 1.0] * 4, [1.0] * 8])
def test_all_won_all_lost_and_certainty_stay_within(fitted: object, won: list[int], p: list[float]) -> None:
    found = fitted(p, won).apply([0.0, 0.3, 1.0])
    assert ((found > 0) & (found < 1)).all()


def test_a_ranking_is_never_turned_round() -> None:
    assert fit_platt([0.1, 0.2, 0.8, 0.9] * 20, [1, 1, 0, 0] * 20).slope == 0
    found = fit_beta([0.1, 0.2, 0.8, 0.9] * 20, [1, 1, 0, 0] * 20)
    assert (found.a, found.b) == (0, 0)


def test_a_negative_weight_is_refused() -> None:
    with pytest.raises(ValueError, match="weight -1"):
        fit([0.5], [1], [-1.0])


@given(pairs)
def test_maps_rise_stay_within_and_go_to_json(rows: list[tuple[float, bool]]) -> None:
    p, won = zip(*rows, strict=True)
    grid = np.linspace(0, 1, 101)
    for found in (fit(p, won), *(fitted(p, won) for fitted in FITS)):
        mapped = found.apply(grid)
        assert (np.diff(mapped) >= -1e-12).all()
        assert ((mapped >= 0) & (mapped <= 1)).all()
        assert msgspec.json.decode(msgspec.json.encode(found), type=Calibrator) == found


@given(st.lists(st.tuples(st.integers(-9, 9), st.integers(1, 5)), min_size=1, max_size=12))
def test_pools_are_the_nearest_rising_series(rows: list[tuple[int, int]]) -> None:
    values, weights = (np.array(column, float) for column in zip(*rows, strict=True))
    n = len(values)
    means = [
        [np.average(values[a : b + 1], weights=weights[a : b + 1]) if a <= b else 0 for b in range(n)] for a in range(n)
    ]
    expected = [max(min(means[a][b] for b in range(i, n)) for a in range(i + 1)) for i in range(n)]
    assert pool_adjacent(values, weights).tolist() == pytest.approx(expected)
