import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.statistics.counted import Calibration, calibration
from domain.statistics.reliability import reliability


def counted(steps: list[int], won: list[bool]) -> Calibration:
    """Probabilities of whole hundredths, counted."""
    p, y = np.array(steps) / 100, np.array(won, bool)
    seen = np.unique(steps)
    return calibration(
        [(step / 100, (step + 1) / 100) for step in seen],
        [(np.array(steps) == step).sum() for step in seen],
        [y[np.array(steps) == step].sum() for step in seen],
        [p[np.array(steps) == step].sum() for step in seen],
        float(np.square(p - y).sum()),
    )


forecasts = st.lists(st.tuples(st.integers(0, 99), st.booleans()), min_size=1, max_size=300)


@given(forecasts)
def test_counting_loses_nothing_but_order(pairs: list[tuple[int, bool]]) -> None:
    steps, won = [step for step, _ in pairs], [y for _, y in pairs]
    found, exact = counted(steps, won), reliability(np.array(steps) / 100, won)
    assert found.n == exact.n == sum(each.n for each in found.bins)
    assert found.brier == pytest.approx(exact.scores.brier)
    assert found.skill == (None if exact.scores.skill is None else pytest.approx(exact.scores.skill, abs=1e-9))
    assert sum(each.wins for each in found.bins) == sum(won)
    assert len(found.bins) <= max(1, min(10, len(pairs) // 20))
    for each in found.bins:
        inside = [y for step, y in pairs if each.low <= step / 100 < each.high - 1e-9]
        assert (each.n, each.wins) == (len(inside), sum(inside))


def test_a_line_is_that_of_the_single_forecasts() -> None:
    rng = np.random.default_rng(7)
    steps = rng.integers(20, 80, 5_000)
    won = rng.random(5_000) < 0.5 + 0.6 * (steps / 100 - 0.5)
    found, exact = counted(steps.tolist(), won.tolist()), reliability(steps / 100, won)
    assert (found.slope, found.intercept) == pytest.approx((exact.slope, exact.intercept), abs=1e-3)
    assert found.slope is not None
    assert found.slope < 0.8
    assert found.ece == pytest.approx(exact.ece, abs=0.02)


def test_nothing_and_one_step_are_null() -> None:
    empty = calibration([], [], [], [], 0.0)
    assert (empty.n, empty.brier, empty.bins, empty.ece, empty.slope) == (0, None, [], None, None)
    alone = counted([60] * 30, [True] * 30)
    assert (alone.n, alone.skill, alone.slope, alone.intercept) == (30, None, None, None)
    separated = counted([30] * 30 + [70] * 30, [False] * 30 + [True] * 30)
    assert (separated.slope, separated.intercept) == (None, None)
