"""Overfitting against known splits and a slow twin."""

import math
from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.statistics.overfitting import overfitting


def _waves() -> np.ndarray:
    t, n = np.arange(64)[:, None], np.arange(6)[None, :]
    return 0.01 * (np.sin(0.7 * (t + 1) * (n + 1)) + 0.3 * np.cos(0.31 * (t + 1) * (n + 2)))


def test_known_splits() -> None:
    found = overfitting(_waves(), blocks=8)
    assert (found.n, found.variants) == (70, 6)
    assert found.probability == pytest.approx(65 / 70, rel=1e-14)
    assert found.mean_logit == pytest.approx(-1.3071467257625937, rel=1e-12)
    assert found.loss == pytest.approx(0.9571428571, abs=1e-9)
    assert found.slope == pytest.approx(-0.8434846768, abs=1e-9)


def test_a_variant_that_truly_dominates_is_no_accident() -> None:
    waves = _waves()
    waves[:, 2] += 0.02
    assert overfitting(waves, blocks=8).probability == 0


def test_noise_is_overfitted() -> None:
    noise = np.random.default_rng(0).normal(size=(1000, 100))
    assert overfitting(noise, blocks=8).probability == pytest.approx(0.5286, abs=5e-5)
    assert overfitting(noise - noise.mean(axis=0), blocks=8).probability == 1.0


@settings(max_examples=20)
@given(st.integers(0, 2**32), st.integers(2, 5), st.integers(12, 25))
def test_equals_the_slow_twin(seed: int, variants: int, periods: int) -> None:
    returns = np.random.default_rng(seed).normal(size=(periods, variants))
    blocks = np.array_split(returns[periods % 4 :], 4)
    worse = []
    for chosen in combinations(range(4), 2):
        inside = np.concatenate([blocks[i] for i in chosen])
        outside = np.concatenate([blocks[i] for i in range(4) if i not in chosen])
        best = int((inside.mean(0) / inside.std(0, ddof=1)).argmax())
        ratios = outside.mean(0) / outside.std(0, ddof=1)
        rank = 1 + sum(ratios < ratios[best])
        worse.append(math.log(rank / (variants + 1 - rank)) <= 0)
    found = overfitting(returns, blocks=4)
    assert (found.n, found.probability) == (6, pytest.approx(np.mean(worse)))


def test_variants_that_never_trade_are_all_the_same() -> None:
    found = overfitting(np.zeros((40, 3)), blocks=8)
    assert (found.probability, found.mean_logit, found.slope) == (1.0, 0.0, None)


def test_too_little_to_compare() -> None:
    assert overfitting(np.zeros((100, 1))) is None
    assert overfitting(np.zeros((20, 5)), blocks=16) is None


@pytest.mark.parametrize(
    ("returns", "blocks", "message"), [(np.zeros((9, 2)), 3, "cannot be halved"), ([[math.nan]], 2, "not a number")]
)
def test_bad_input_is_refused(returns: object, blocks: int, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        overfitting(returns, blocks=blocks)
