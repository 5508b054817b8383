"""Fusion: published numbers, and invariances."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.statistics.odds import fuse as fuse_probabilities
from domain.statistics.odds import logit, sigmoid
from operators.kernels.fusion import LIKELY, PAIRS, correlation, fuse, learn_pairs

FOREVER = (1e18, 1e9)
EVIDENCE = st.lists(st.floats(-4, 4), min_size=1, max_size=6)


def joint(evidence, rho, weights=None):
    given_ = np.array(evidence)
    return fuse(given_, np.ones(given_.size) if weights is None else np.array(weights), rho)


@pytest.mark.parametrize(("rho", "expected"), [(0.5, 0.697448), (0.0, 0.777778)])
def test_two_pieces_equal_the_published_case(rho, expected):
    assert sigmoid(joint([logit(0.6), logit(0.7)], rho)) == pytest.approx(expected, abs=5e-7)


@given(st.lists(st.floats(0.02, 0.98), min_size=1, max_size=6), st.floats(0.1, 0.9), st.floats(0, 1))
def test_fusion_equals_the_formula_on_probabilities(pieces, base, rho):
    evidence = [logit(p) - logit(base) for p in pieces]
    expected = fuse_probabilities(pieces, base=base, correlation=rho)
    assert sigmoid(logit(base) + joint(evidence, rho)) == pytest.approx(expected, abs=1e-9)


@given(EVIDENCE, st.floats(0, 1), st.randoms())
def test_the_order_of_the_others_does_not_matter(evidence, rho, random):
    own, *others = evidence
    mixed = random.sample(others, len(others))
    assert joint([own, *mixed], rho) == pytest.approx(joint(evidence, rho), abs=1e-12)


@given(st.floats(-4, 4), st.integers(1, 6))
def test_a_repeated_piece_that_is_fully_correlated_adds_nothing(own, times):
    assert joint([own] * times, 1.0) == pytest.approx(own, abs=1e-12)


@given(EVIDENCE, st.floats(0, 1), st.floats(-4, 4))
def test_a_piece_that_has_faded_away_changes_nothing(evidence, rho, gone):
    weights = [1.0] * len(evidence)
    assert joint([*evidence, gone], rho, [*weights, 0.0]) == joint(evidence, rho)


def learnt(draws):
    pairs = np.zeros(1, PAIRS)
    for at, (own, other, won) in enumerate(draws):
        learn_pairs(pairs[0], own, np.array([other]), won, 1.0, at, FOREVER)
    return correlation(pairs[0])


def test_correlation_within_an_outcome_is_found():
    rng = np.random.default_rng(1)
    won = rng.random(4_000) < 0.5
    # The outcome moves both by 2; what is left has a correlation of 0.8.
    shared, mine, others = rng.standard_normal((3, won.size))
    own, other = (np.sqrt(0.8) * shared + np.sqrt(0.2) * each + 2.0 * won for each in (mine, others))
    assert learnt(zip(own, other, won, strict=True)) == pytest.approx(0.8, abs=0.03)


def test_pieces_that_share_only_the_outcome_keep_the_least_correlation():
    rng = np.random.default_rng(2)
    won = rng.random(2_000) < 0.5
    assert learnt(zip(*(rng.standard_normal((2, won.size)) + 3.0 * won), won, strict=True)) == LIKELY


@pytest.mark.parametrize("count", [0, 1, 50])
def test_pieces_that_never_vary_say_nothing_of_their_correlation(count):
    assert learnt([(0.7, 0.7, True)] * count) == LIKELY
