"""Muting: the Beta distribution, and the two thresholds of its hysteresis."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.statistics.beta import cdf
from operators.kernels.history import TRACK
from operators.kernels.muting import beta_share, muted

RULE = (0.3, 0.95, 0.5)


def track(wins, losses):
    mine = np.zeros(1, TRACK)
    mine["count"], mine["wins"] = wins + losses, wins
    return mine[0]


@given(st.floats(0.01, 0.99), st.floats(1, 300), st.floats(1, 300))
def test_the_share_equals_that_of_domain_statistics(x, a, b):
    assert beta_share(x, a, b) == pytest.approx(cdf(x, a, b), abs=1e-12)


@given(st.floats(0.01, 0.99), st.integers(0, 40))
def test_the_share_after_losses_alone_has_a_closed_form(x, losses):
    assert beta_share(x, 1.0, 1.0 + losses) == pytest.approx(1 - (1 - x) ** (1 + losses), abs=1e-12)


def test_eight_losses_in_a_row_mute_and_seven_do_not():
    assert not muted(track(0, 7), 0, *RULE)
    assert muted(track(0, 8), 0, *RULE)


def test_muted_instrument_stays_muted_until_the_lower_probability():
    assert muted(track(2, 8), 1, *RULE)
    assert not muted(track(2, 8), 0, *RULE)
    assert not muted(track(4, 8), 1, *RULE)


def test_without_outcomes_no_instrument_is_muted():
    assert not muted(track(0, 0), 0, *RULE)
