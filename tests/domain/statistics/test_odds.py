"""Fusion and fading of evidence."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.statistics.decay import weight
from domain.statistics.odds import evidence, faded, fuse, logit, shrunk_correlation, sigmoid, weights

probability = st.floats(0.01, 0.99)


def test_known_fusion() -> None:
    assert fuse([0.6, 0.7], base=0.5, correlation=0.5) == pytest.approx(0.697448, abs=5e-7)
    assert fuse([0.6, 0.7], base=0.5, correlation=0.0) == pytest.approx(0.777778, abs=5e-7)
    assert evidence(0.6, 0.5) + evidence(0.7, 0.5) == pytest.approx(0.8352 * 1.5, abs=1e-4)


def test_known_weights() -> None:
    matrix = [[1, 0.5, 0.2], [0.5, 1, 0.2], [0.2, 0.2, 1]]
    found = weights(matrix, [0.35, 0.5, 0.3], shrinkage=0.0)
    assert found.tolist() == pytest.approx([0.3058, 0.8141, 0.6573], abs=5e-5)


def test_equally_correlated_pieces_get_the_weight_of_the_formula() -> None:
    matrix = np.full((4, 4), 0.6) + 0.4 * np.eye(4)
    assert weights(matrix, [1.0] * 4).tolist() == pytest.approx([1 / (1 + 3 * 0.6)] * 4)
    assert weights([[1.0]], [0.5]).tolist() == [1.0]


def test_known_fading() -> None:
    assert faded(0.8, base=0.5, share=weight(6.0, 6.0)) == pytest.approx(0.6666667, abs=5e-8)
    assert faded(0.8, base=0.5, share=0.0) == pytest.approx(0.5)
    assert faded(np.array([0.8, 0.2]), base=0.5, share=1.0).tolist() == pytest.approx([0.8, 0.2])


def test_certainty_is_large_but_finite() -> None:
    assert math.isfinite(logit(1.0))
    assert logit(0.0) == pytest.approx(-logit(1.0))
    assert 0 < fuse([1.0, 1.0], base=0.5, correlation=0.0) < 1
    assert fuse([1.0, 0.0], base=0.5, correlation=0.0) == pytest.approx(0.5)


def test_without_evidence_there_is_the_base_rate() -> None:
    assert fuse([], base=0.3, correlation=0.5) == pytest.approx(0.3)
    assert fuse([math.nan], base=0.3, correlation=0.5) == pytest.approx(0.3)


@given(probability)
def test_log_odds_and_back(p: float) -> None:
    assert sigmoid(logit(p)) == pytest.approx(p, rel=1e-12)


@given(st.lists(probability, min_size=1, max_size=6), probability, st.floats(0, 1), st.randoms())
def test_order_does_not_matter(pieces: list[float], base: float, rho: float, random: object) -> None:
    shuffled = list(pieces)
    random.shuffle(shuffled)
    assert fuse(pieces, base=base, correlation=rho) == fuse(shuffled, base=base, correlation=rho)


@given(probability, probability, st.integers(1, 6))
def test_a_copy_adds_nothing_where_all_are_one(p: float, base: float, copies: int) -> None:
    assert fuse([p] * copies, base=base, correlation=1.0) == pytest.approx(p, rel=1e-9)


@given(st.lists(probability, min_size=1, max_size=5), probability, probability, st.floats(0, 1))
def test_more_evidence_makes_it_more_probable(pieces: list[float], p: float, base: float, rho: float) -> None:
    stronger = [*pieces[:-1], max(pieces[-1], p)]
    assert fuse(stronger, base=base, correlation=rho) >= fuse(pieces, base=base, correlation=rho) - 1e-12


@given(probability, probability, st.floats(0, 1))
def test_fading_never_crosses_the_base_rate(p: float, base: float, share: float) -> None:
    assert min(p, base) - 1e-9 <= faded(p, base=base, share=share) <= max(p, base) + 1e-9


def test_little_known_correlation_is_drawn_to_the_usual() -> None:
    assert shrunk_correlation(1.0, 0) == 0.5
    assert shrunk_correlation(1.0, 10_000) == pytest.approx(1.0, abs=0.01)


def test_discounting_keeps_simulated_probabilities_calibrated() -> None:
    draws, n, k, rho, apart = np.random.default_rng(7), 200_000, 4, 0.6, 0.9
    won = draws.random(n) < 0.5
    shared = draws.normal(size=n)
    x = (
        np.where(won, apart, 0.0)[:, None]
        + math.sqrt(rho) * shared[:, None]
        + math.sqrt(1 - rho) * draws.normal(size=(n, k))
    )
    each = apart * x - apart**2 / 2
    together = sigmoid(each.sum(axis=1) / (1 + (k - 1) * rho))
    bins = np.digitize(together, np.linspace(0, 1, 11)[1:-1])
    error = sum(
        abs(won[bins == b].mean() - together[bins == b].mean()) * (bins == b).mean() for b in set(bins.tolist())
    )
    assert error < 0.005
