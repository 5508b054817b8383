"""Thresholds: the least probability that pays, against the obvious way to find it."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from operators.kernels.graded import BINS, LOWEST, SUMS, WIDTH, add_graded
from operators.kernels.logit import sigmoid
from operators.kernels.thresholds import LEAST, MOST, POINTS, wanted

STRENGTH, ENOUGH, DEVIATIONS = 30.0, 30.0, 1.28


def obvious(rows, regime, slope, intercept):
    """The same from a list of (regime, bin, R), grid point by grid point."""
    for probability in np.linspace(LEAST, MOST, POINTS):
        above = [
            (own == regime, r) for own, at, r in rows
            if sigmoid(slope * (LOWEST + (at + 0.5) * WIDTH) + intercept) >= probability - 1e-12
        ]  # fmt: skip
        foreign = sum(not mine for mine, _ in above)
        weights = np.array([1.0 if mine else min(1.0, STRENGTH / foreign) for mine, _ in above])
        if weights.sum() < ENOUGH:
            continue
        r = np.array([r for _, r in above])
        mean = np.average(r, weights=weights)
        error = np.sqrt(np.average((r - mean) ** 2, weights=weights) / weights.sum())
        if mean - DEVIATIONS * error > 0.0:
            return probability
    return MOST


def table(rows):
    out = np.zeros((3, BINS, SUMS))
    for regime, at, r in rows:
        add_graded(out, regime, LOWEST + (at + 0.5) * WIDTH, r, 1.0, 1.0)
    return out


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10_000), st.floats(0.1, 1.5), st.floats(-0.5, 0.5), st.floats(-0.5, 1.0))
def test_thresholds_equal_the_obvious_way(seed, slope, intercept, edge):
    rng = np.random.default_rng(seed)
    count = int(rng.integers(0, 300))
    bins = rng.integers(25, 65, count)
    r = rng.normal(-0.2 + edge * (bins - 40) / 20, 1.0)
    rows = list(zip(rng.integers(0, 3, count).tolist(), bins.tolist(), r.tolist(), strict=True))
    for regime in range(3):
        found = wanted(table(rows), regime, slope, intercept, STRENGTH, ENOUGH, DEVIATIONS)
        assert abs(found - obvious(rows, regime, slope, intercept)) < 1e-9


def test_where_nothing_pays_the_most_is_wanted():
    losing = [(0, 45, -1.0)] * 500
    assert wanted(table(losing), 0, 1.0, 0.0, STRENGTH, ENOUGH, DEVIATIONS) == MOST


def test_few_outcomes_prove_nothing_and_equal_ones_are_no_exception():
    winning = [(0, 45, 1.0)]
    assert wanted(table(winning * 20), 0, 1.0, 0.0, STRENGTH, ENOUGH, DEVIATIONS) == MOST
    assert wanted(table(winning * 40), 0, 1.0, 0.0, STRENGTH, ENOUGH, DEVIATIONS) == LEAST


def test_a_regime_without_a_record_takes_the_others_in_part():
    winning = [(1, 45, 1.0)] * 500
    assert wanted(table(winning), 0, 1.0, 0.0, STRENGTH, ENOUGH, DEVIATIONS) == LEAST
    assert wanted(table(winning), 0, 1.0, 0.0, 10.0, ENOUGH, DEVIATIONS) == MOST
