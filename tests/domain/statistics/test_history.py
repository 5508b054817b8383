"""History: decayed wins down a hierarchy."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.statistics.history import History
from domain.statistics.shrinkage import shrink_down

HOUR = 3_600 * 10**9
settled = st.lists(
    st.tuples(st.integers(0, 2), st.integers(0, 5), st.integers(0, 90 * HOUR), st.booleans(), st.floats(0.1, 1)),
    max_size=40,
)
Settled = list[tuple[int, int, int, bool, float]]


def _record(history: History, rows: Settled) -> None:
    strategies, regimes, at, won, own = zip(*rows, strict=True) if rows else ((),) * 5
    history.record([strategies, regimes], at, won, own)


@given(settled)
def test_equals_the_slow_twin(rows: Settled) -> None:
    history, now = History([3, 6], 7 * HOUR, base=0.4), 100 * HOUR
    _record(history, rows)
    levels = []
    for chosen in ([*rows], [r for r in rows if r[0] == 1], [r for r in rows if r[1] == 4]):
        weights = [r[4] * 0.5 ** ((now - r[2]) / (7 * HOUR)) for r in chosen]
        levels.append((sum(w for w, r in zip(weights, chosen, strict=True) if r[3]), sum(weights)))
    expected = shrink_down(levels, base=0.4)
    found = history.rates([1, 4], now)
    assert [rate.mean for rate in found] == pytest.approx([rate.mean for rate in expected])
    assert [rate.n for rate in found] == pytest.approx([rate.n for rate in expected])
    assert history.means([[1, 9], [4, 9]], now)[:, 0].tolist() == pytest.approx([rate.mean for rate in expected])


@given(settled, st.integers(0, 40))
def test_batches_and_snapshots_leave_no_trace(rows: Settled, cut: int) -> None:
    whole, parts = History([3, 6], 7 * HOUR), History([3, 6], 7 * HOUR)
    _record(whole, rows)
    _record(parts, rows[:cut])
    parts = History.restore(parts.snapshot())
    _record(parts, rows[cut:])
    assert [parts.rates([s, r], 99 * HOUR) for s in range(3) for r in range(6)] == [
        whole.rates([s, r], 99 * HOUR) for s in range(3) for r in range(6)
    ]


def test_a_new_group_believes_its_parent() -> None:
    history = History([1], HOUR)
    assert [rate.mean for rate in history.rates([77], 0)] == [0.5, 0.5]
    history.record([[3]], [0], [True])
    assert history.counts(1, 0).shape == (4, 2)
    everything, stranger = history.rates([77], 0)
    assert stranger.mean == pytest.approx(everything.mean)
    assert history.means([[77]], 0).tolist() == [[everything.mean], [pytest.approx(stranger.mean)]]
    assert History([0], HOUR).means([[0, 5]], 0).tolist() == [[0.5, 0.5], [0.5, 0.5]]


def test_a_group_that_is_gone_is_forgotten() -> None:
    history = History([2], HOUR)
    history.record([[1, 1]], [0, 0], [True, True])
    history.forget(1, 1)
    assert history.rates([1], 0)[1].n == 0
    np.testing.assert_array_equal(history.counts(0, 0), [[2.0, 2.0]])
