"""Calibration: equal to the plain formula, monotone, and sane with little data."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.statistics.calibrators import fit_platt
from domain.statistics.odds import sigmoid
from operators.kernels.calibration import FLATTEST, calibrate
from operators.kernels.graded import BINS, LOG_ODDS, LOWEST, SQUARES, SUMS, WEIGHT, WIDTH, WINS, add_graded, effective


def table(log_odds, won, weights=None):
    """Graded candidates, all in the first of two regimes."""
    out = np.zeros((2, BINS, SUMS))
    for z, y, w in zip(log_odds, won, np.ones(len(won)) if weights is None else weights, strict=True):
        add_graded(out, 0, z, 1.0 if y else -1.0, w, 1.0)
    return out


def centres(bins):
    """Log-odds in the middle of bins, which binning leaves as they are."""
    return LOWEST + (np.asarray(bins) + 0.5) * WIDTH


@settings(max_examples=50)
@given(st.lists(st.tuples(st.integers(20, 60), st.booleans(), st.floats(0.1, 1.0)), min_size=1, max_size=60))
def test_the_line_equals_platt_scaling(rows):
    bins, won, weights = (np.array(each) for each in zip(*rows, strict=True))
    slope, intercept = calibrate(table(centres(bins), won, weights).sum(axis=0))
    expected = fit_platt(sigmoid(centres(bins)), won, weights)
    if expected.slope > FLATTEST + 1e-9:
        assert (slope, intercept) == pytest.approx((expected.slope, expected.intercept), abs=1e-6)
    else:
        assert slope == FLATTEST


@pytest.mark.parametrize("won", [True, False])
@pytest.mark.parametrize("count", [1, 30, 5_000])
def test_all_wins_and_all_losses_stay_inside(won, count):
    slope, intercept = calibrate(table(np.full(count, 0.4), [won] * count).sum(axis=0))
    p = sigmoid(slope * 0.4 + intercept)
    assert 0.0 < p < 1.0
    assert (p > sigmoid(0.4)) == won
    assert slope >= FLATTEST


def test_uninformative_scores_shrink_to_the_base_rate_in_order():
    rng = np.random.default_rng(1)
    z = rng.normal(0.5, 0.7, 3_000)
    slope, intercept = calibrate(table(z, rng.random(z.size) < sigmoid(-z)).sum(axis=0))
    assert slope == FLATTEST
    assert sigmoid(slope * 0.5 + intercept) == pytest.approx(sigmoid(-z).mean(), abs=0.03)


def test_nothing_graded_is_the_identity():
    assert calibrate(np.zeros((BINS, SUMS))) == (1.0, 0.0)


def test_table_adds_new_outcomes_and_decays_earlier_ones():
    out = np.zeros((2, BINS, SUMS))
    add_graded(out, 1, 0.42, 1.5, 0.5, 1.0)
    add_graded(out, 0, -99.0, -1.0, 1.0, 0.5)
    at = int((0.42 - LOWEST) / WIDTH)
    assert out[1, at].tolist() == [0.25, 0.0625, 0.25, 0.42 * 0.25, 0.375, 1.5 * 1.5 * 0.25]
    assert out[0, 0, [WEIGHT, SQUARES, WINS, LOG_ODDS]].tolist() == [1.0, 1.0, 0.0, -99.0]
    assert effective(out) == 1.25**2 / 1.0625
    assert effective(np.zeros((2, BINS, SUMS))) == 0.0
