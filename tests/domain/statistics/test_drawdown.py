"""Drawdowns against known figures and a slow twin."""

import numpy as np
import pytest
from hypothesis import given

from domain.statistics.drawdown import Drawdown, results_drawdown, returns_drawdown
from tests.domain.statistics.series import FALLING, FIRST_LOSS, MIXED, SHORT, WAVE, daily_returns, results


@pytest.mark.parametrize(
    ("returns", "depth"),
    [
        (SHORT, -0.02),
        (WAVE, -0.011163709),
        (FIRST_LOSS, -0.05),  # the start counts as a peak
        (MIXED, -0.1),
        (FALLING, -0.36590730),
        ([-0.4, -0.1], -0.46),
        ([0.01, 0.02], 0.0),
        ([-1.5, 3.0], -1.0),  # lost is lost
    ],
)
def test_known_depths(returns: list[float], depth: float) -> None:
    assert returns_drawdown(returns).depth == pytest.approx(depth, abs=5e-9)


def test_no_step_has_no_depth() -> None:
    assert returns_drawdown([]) == Drawdown(0, None, None, None, None, 0, 0, None)


def test_peak_trough_and_recovery_are_told() -> None:
    found = results_drawdown([1.0, 0.0, -2.0, 1.0, 1.0, -0.5, -0.5, -0.5])
    assert found == Drawdown(n=8, depth=-2.0, peak=2, trough=3, recovery=5, duration=3, longest=3, current=-1.5)


@given(daily_returns)
def test_equals_the_slow_twin(returns: list[float]) -> None:
    found = returns_drawdown(returns)
    equity, peak, depth = 1.0, 1.0, 0.0
    for r in returns:
        equity *= 1 + r
        peak = max(peak, equity)
        depth = min(depth, equity / peak - 1)
    assert found.depth == pytest.approx(depth, abs=1e-12)
    assert found.current == pytest.approx(equity / peak - 1, abs=1e-12)


@given(results)
def test_positions_agree_with_the_curve(values: list[float]) -> None:
    found = results_drawdown(values)
    if not found.depth:
        return
    curve = [0.0, *np.cumsum(values).tolist()]
    assert curve[found.trough] - curve[found.peak] == found.depth
    assert max(curve[: found.trough + 1]) == curve[found.peak]
    end = len(values) if found.recovery is None else found.recovery
    assert all(value < curve[found.peak] for value in curve[found.peak + 1 : end])
    assert found.duration == end - found.peak <= found.longest <= found.n
