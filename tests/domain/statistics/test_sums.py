"""Sums by group: batches, merging, a slow twin."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.statistics.drawdown import results_drawdown
from domain.statistics.sums import SUMS, add, merge, no_sums, pool

GROUPS = 3
graded = st.lists(
    st.tuples(
        st.integers(0, GROUPS - 1),
        st.one_of(st.just(float("nan")), st.floats(-5, 5).map(lambda x: round(x, 3))),
        st.floats(0.01, 1),
        st.one_of(st.just(float("nan")), st.floats(0, 1)),
    ),
    max_size=60,
)
Graded = list[tuple[int, float, float, float]]


def _add(rows: np.ndarray, part: Graded) -> None:
    codes, results, own, odds = (list(column) for column in zip(*part, strict=True)) if part else ([], [], [], [])
    add(rows, codes, results, uniqueness=own, probabilities=odds)


def _summed(part: Graded) -> np.ndarray:
    rows = no_sums(GROUPS)
    _add(rows, part)
    return rows


@given(graded, st.lists(st.integers(0, 60), max_size=4))
def test_batches_leave_no_trace(rows: Graded, cuts: list[int]) -> None:
    parts = no_sums(GROUPS)
    edges = [0, *sorted(cuts), len(rows)]
    for begin, end in pairwise(edges):
        _add(parts, rows[begin:end])
    assert parts.tobytes() == _summed(rows).tobytes()


@given(graded, st.integers(0, 60))
def test_merged_periods_are_the_whole(rows: Graded, cut: int) -> None:
    merged, whole = merge(_summed(rows[:cut]), _summed(rows[cut:])), _summed(rows)
    for name in SUMS.names:
        np.testing.assert_allclose(merged[name], whole[name], rtol=1e-9, atol=1e-9, err_msg=name)


@given(graded)
def test_equals_the_slow_twin(rows: Graded) -> None:
    found = _summed(rows)
    for group in range(GROUPS):
        mine = [(r, u, p) for code, r, u, p in rows if code == group and not np.isnan(r)]
        values = [r for r, _, _ in mine]
        stated = [(p, r > 0) for r, _, p in mine if not np.isnan(p)]
        running = np.cumsum([0.0, *values])
        expected = {
            "n": len(values),
            "wins": sum(r > 0 for r in values),
            "losses": sum(r < 0 for r in values),
            "effective": sum(u for _, u, _ in mine),
            "total": sum(values),
            "squares": sum(r * r for r in values),
            "gains": sum(max(r, 0) for r in values),
            "lost": sum(max(-r, 0) for r in values),
            "least": min(values, default=np.nan),
            "greatest": max(values, default=np.nan),
            "peak": running.max(),
            "low": running.min(),
            "drawdown": results_drawdown(values).depth or 0.0,
            "forecasts": len(stated),
            "forecast_wins": sum(won for _, won in stated),
            "predicted": sum(p for p, _ in stated),
            "squared_error": sum((p - won) ** 2 for p, won in stated),
        }
        assert set(expected) == set(SUMS.names)
        for name, value in expected.items():
            assert found[group][name] == pytest.approx(value, abs=1e-9, nan_ok=True), name


def test_a_pool_counts_all_but_knows_no_order() -> None:
    rows = _summed([(0, 1.0, 1.0, 0.6), (1, -1.0, 0.5, 0.4), (0, -0.5, 1.0, 0.5)])
    pooled = pool(rows)[0]
    assert (pooled["n"], pooled["wins"], pooled["total"], pooled["effective"]) == (3, 1, -0.5, 2.5)
    assert (pooled["least"], pooled["greatest"], pooled["forecasts"]) == (-1.0, 1.0, 3)
    assert np.isnan(pooled["drawdown"])
    assert pool(no_sums(0)).tobytes() == no_sums(1).tobytes()


def test_more_groups_than_sixteen_bits_can_name() -> None:
    rows = no_sums(70_000)
    codes = np.arange(70_000)[::-1]
    add(rows, codes, codes - 35_000.0)
    assert rows["total"].tolist() == (np.arange(70_000) - 35_000.0).tolist()
