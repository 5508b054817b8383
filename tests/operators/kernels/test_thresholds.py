"""Thresholds: the least profitable expected value, against a naive search."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from operators.kernels.thresholds import HIGHEST, POINTS, SUMS, WIDTH, add_valued, least_profitable_value

STRENGTH, ENOUGH, DEVIATIONS = 30.0, 30.0, 1.28


def obvious(rows, regime):
    """The same from a list of (regime, point, R), grid point by grid point."""
    for point in range(POINTS):
        above = [(own == regime, r) for own, at, r in rows if at >= point]
        foreign = sum(not mine for mine, _ in above)
        weights = np.array([1.0 if mine else min(1.0, STRENGTH / foreign) for mine, _ in above])
        if weights.sum() < ENOUGH:  # those of other regimes are as many equal ones as they count for
            continue
        r = np.array([r for _, r in above])
        mean = np.average(r, weights=weights)
        error = np.sqrt(np.average((r - mean) ** 2, weights=weights) / weights.sum())
        if mean - DEVIATIONS * error > 0.0:
            return point * WIDTH
    return HIGHEST


def table(rows):
    out = np.zeros((3, POINTS, SUMS))
    for regime, point, r in rows:
        add_valued(out, regime, (point + 0.5) * WIDTH, r, 1.0, 1.0)
    return out


@settings(max_examples=40)
@given(st.integers(0, 10_000), st.floats(-0.5, 1.0))
def test_thresholds_equal_a_naive_implementation(seed, edge):
    rng = np.random.default_rng(seed)
    count = int(rng.integers(0, 300))
    points = rng.integers(0, POINTS, count)
    r = rng.normal(-0.2 + edge * (points - 5) / 10, 1.0)
    rows = list(zip(rng.integers(0, 3, count).tolist(), points.tolist(), r.tolist(), strict=True))
    for regime in range(3):
        assert (
            abs(least_profitable_value(table(rows), regime, STRENGTH, ENOUGH, DEVIATIONS) - obvious(rows, regime))
            < 1e-9
        )


def test_highest_threshold_where_nothing_is_profitable():
    assert least_profitable_value(table([(0, 4, -1.0)] * 500), 0, STRENGTH, ENOUGH, DEVIATIONS) == HIGHEST


def test_few_outcomes_prove_nothing_and_equal_ones_are_no_exception():
    assert least_profitable_value(table([(0, 4, 1.0)] * 20), 0, STRENGTH, ENOUGH, DEVIATIONS) == HIGHEST
    assert least_profitable_value(table([(0, 4, 1.0)] * 40), 0, STRENGTH, ENOUGH, DEVIATIONS) == 0.0


def test_a_regime_without_a_record_takes_the_others_in_part():
    winning = table([(1, 4, 1.0)] * 500)
    assert least_profitable_value(winning, 0, STRENGTH, ENOUGH, DEVIATIONS) == 0.0
    assert least_profitable_value(winning, 0, 10.0, 31.0, DEVIATIONS) == HIGHEST


def test_outcomes_without_expected_profit_are_skipped():
    out = np.zeros((2, POINTS, SUMS))
    for value in (-0.3, 0.0, np.nan):
        add_valued(out, 1, value, 5.0, 1.0, 1.0)
    assert not out.any()


def test_outcomes_fade_and_the_best_expected_share_the_last_point():
    out = np.zeros((2, POINTS, SUMS))
    add_valued(out, 0, 7.0, -1.0, 0.5, 1.0)
    assert out[0, POINTS - 1].tolist() == [0.5, 0.25, -0.5, 0.5]
    add_valued(out, 1, 0.01, 2.0, 1.0, 0.5)
    assert out[0, POINTS - 1].tolist() == [0.25, 0.0625, -0.25, 0.25]
    assert out[1, 0].tolist() == [1.0, 1.0, 2.0, 4.0]
