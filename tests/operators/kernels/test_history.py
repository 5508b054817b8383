"""History: shrunk rates and decay."""

import numpy as np
import pytest

from domain.clock import DAY
from operators.kernels.decay import retained
from operators.kernels.history import TRACK, shrunk_rate, update_track

MEMORY = (14.0 * DAY, 200.0)


def track(results, *, step=0):
    mine = np.zeros(1, TRACK)
    for at, won in enumerate(results):
        update_track(mine[0], won, 1.0, (at + 1) * step, MEMORY)
    return mine[0]


def test_seven_of_ten_equals_the_published_case():
    mine = track([True] * 7 + [False] * 3)
    assert shrunk_rate(mine, 0.5, 20.0) == pytest.approx(0.5667, abs=5e-5)


def test_small_groups_are_shrunk_towards_the_others():
    mine = np.zeros(1, TRACK)
    mine["count"], mine["wins"] = 14.0, 4.0
    a, b = 1.3703, 8.7056
    assert shrunk_rate(mine[0], a / (a + b), a + b) == pytest.approx(0.22306, abs=1e-5)


def test_without_outcomes_a_kind_is_as_its_parent():
    assert shrunk_rate(track([]), 0.37, 20.0) == pytest.approx(0.37)


def test_a_busy_market_forgets_by_the_clock():
    assert retained(14 * DAY, 1e9, MEMORY) == 0.5
    assert retained(DAY, 1e9, MEMORY) == pytest.approx(2 ** (-1 / 14))


def test_a_quiet_market_forgets_by_outcomes():
    assert retained(1_000 * DAY, 1.0, MEMORY) == pytest.approx(2 ** (-1 / 200))
    assert track([True] * 5_000, step=15 * DAY)["count"] == pytest.approx(1 / (1 - 2 ** (-1 / 200)), rel=1e-6)


def test_outcomes_of_one_instant_do_not_fade_each_other():
    assert track([True, False] * 50)["count"] == 100.0
