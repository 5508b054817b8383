"""Open signals: lookup, reuse of entries, and uniqueness equal to its definition."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.statistics.uniqueness import uniqueness
from operators.kernels.open_signals import LANE, NONE, OPEN_SIGNAL, close_signal, drop_lane, open_signal


def empty(places):
    free = np.array([places, *range(places - 1, -1, -1)])
    return np.zeros(1, LANE), np.zeros(places, OPEN_SIGNAL), free


@given(st.lists(st.tuples(st.integers(1, 30), st.integers(1, 20)), min_size=1, max_size=12, unique_by=lambda x: x[0]))
def test_uniqueness_equals_its_definition(lives):
    began, ended = np.array([a for a, _ in lives]), np.array([a + life for a, life in lives])
    lane, pool, free = empty(len(lives))
    found = {}
    for at, kind, which in sorted([(b, 1, i) for i, b in enumerate(began)] + [(e, 0, i) for i, e in enumerate(ended)]):
        if kind:
            open_signal(lane[0], at, pool, free)
        else:
            found[which] = close_signal(lane[0], began[which], at, pool, free)[1]
    np.testing.assert_allclose([found[i] for i in range(len(lives))], uniqueness(began, ended), rtol=1e-12)
    assert (lane["open"][0], free[0]) == (0, len(lives))


def test_unknown_candidate_is_not_found():
    lane, pool, free = empty(2)
    open_signal(lane[0], 5, pool, free)
    assert close_signal(lane[0], 6, 9, pool, free) == (NONE, 0.0, False)
    assert free[0] == 1


def test_outcome_without_duration_shares_with_open_candidates():
    lane, pool, free = empty(2)
    open_signal(lane[0], 5, pool, free)
    open_signal(lane[0], 6, pool, free)
    assert close_signal(lane[0], 6, 6, pool, free)[1] == pytest.approx(0.5)


def test_dropped_lane_frees_its_entries():
    lane, pool, free = empty(3)
    for at in (1, 2, 3):
        open_signal(lane[0], at, pool, free)
    pool["emitted"] = 1
    drop_lane(lane[0], pool, free)
    assert sorted(free[1:].tolist()) == [0, 1, 2]
    assert lane.tobytes() == np.zeros(1, LANE).tobytes()
    assert not pool["emitted"].any()
