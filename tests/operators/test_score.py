"""`score`: equal to its naive reference, a function of the rows alone, and sane in edge cases."""

from functools import cache

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.scores import SCORE
from domain.slices import SUPPRESSED_REASONS
from domain.whales import SUPPRESSED_BY
from tests.operators.score_twin import Twin
from tests.operators.score_worlds import COST, HALF_LIVES, QUICK, QUIET, machine, world

FEW = settings(max_examples=15)
MANY = settings(max_examples=60)
NUMBERS = [
    name for name in SCORE.names if name not in {"correlations", "ranking", "regime"} and SCORE[name].kind == "f"
]


def scored(batches, score=None, **options):
    """Scores and candidates of all batches together."""
    out = (score or machine(**options)).on_batch(batches)[0]
    return np.concatenate([each.scores for each in out]), np.concatenate([each.candidates for each in out])


def reasons(candidates):
    return [SUPPRESSED_REASONS[each] for each in candidates["reason"]]


@cache
def busy():
    """A world in which all happens: pauses, muting, caps, thresholds."""
    return world(5, steps=120, pause=70)


@cache
def unbroken():
    return scored(busy().cut([]), **QUICK)


@pytest.mark.parametrize("pause", [None, 30])
@pytest.mark.parametrize(("seed", "win"), [(1, None), (2, 0.1), (3, 0.9), (4, None)])
@pytest.mark.parametrize("gate", [True, False])
def test_score_equals_its_twin(seed, win, pause, gate):
    given_ = world(seed, win=win, pause=pause)
    scores, candidates = scored(given_.cut([]), gate=gate, **QUICK)
    expected = Twin(HALF_LIVES, cost=COST, quiet=QUIET, gate=gate, **QUICK).run(given_)
    assert reasons(candidates) == [row["reason"] for row in expected]
    for name in NUMBERS:
        if name != "time_decay_factor":
            np.testing.assert_allclose(scores[name], [row[name] for row in expected], rtol=1e-7, atol=1e-9)
    for name in ("regime", "ranking"):
        assert scores[name].tolist() == [row[name] for row in expected]
    for row, twin in zip(scores, expected, strict=True):
        told = range(row["correlations"])
        fields = ("correlated", "correlated_strategy", "correlated_direction")
        assert [tuple(int(row[name][at]) for name in fields) for at in told] == twin["related"]


def test_the_worlds_of_these_tests_show_every_reason():
    seen = set()
    for seed, win in ((1, None), (2, 0.1), (3, 0.9)):
        seen |= set(reasons(scored(world(seed, win=win, steps=200).cut([]), **QUICK)[1]))
    assert seen == set(SUPPRESSED_REASONS) - set(SUPPRESSED_BY.values())  # which only whales have


def test_without_the_gate_scores_are_equal_and_nothing_is_suppressed():
    given_ = world(2, win=0.1, steps=200)
    (kept, judged), (open_, free) = scored(given_.cut([]), **QUICK), scored(given_.cut([]), gate=False, **QUICK)
    kept["ranking"] = open_["ranking"] = 0  # among all that were let through
    assert kept.tobytes() == open_.tobytes()
    assert reasons(free) == reasons(given_.candidates)
    assert set(reasons(free)) < set(reasons(judged))


@FEW
@given(st.data())
def test_batches_do_not_matter(data):
    given_ = busy()
    times = np.unique(np.concatenate([given_.bars["close_time"], given_.outcomes["exit_at"]])).tolist()
    cuts = data.draw(st.lists(st.sampled_from(times[:-1]), max_size=20))
    for one, other in zip(scored(given_.cut(cuts), **QUICK), unbroken(), strict=True):
        assert one.tobytes() == other.tobytes()


@FEW
@given(st.data())
def test_resumes_anywhere(data):
    given_ = busy()
    times = np.unique(given_.bars["close_time"]).tolist()
    cuts = data.draw(st.lists(st.sampled_from(times[:-1]), min_size=1, max_size=6))
    score, parts = machine(**QUICK), []
    for batch in given_.cut(cuts):
        parts.append(scored([batch], score))
        frozen = score.snapshot()
        score.on_batch(given_.cut([])[:1])  # what comes later must not reach into a snapshot
        score = machine(frozen, **QUICK)
    for at in range(2):
        assert np.concatenate([part[at] for part in parts]).tobytes() == unbroken()[at].tobytes()


@FEW
@given(st.data())
def test_never_looks_ahead(data):
    given_ = busy()
    until = data.draw(st.sampled_from(np.unique(given_.bars["close_time"]).tolist()))
    scores, candidates = scored([given_.between(0, until)], **QUICK)
    assert scores.tobytes() == unbroken()[0][: scores.size].tobytes()
    assert candidates.tobytes() == unbroken()[1][: scores.size].tobytes()


def test_the_rows_of_others_are_not_touched():
    batch = busy().between(0, busy().end)
    before = [getattr(batch, name).tobytes() for name in ("bars", "candidates", "outcomes", "decided")]
    machine(**QUICK).on_batch([batch])
    assert [getattr(batch, name).tobytes() for name in ("bars", "candidates", "outcomes", "decided")] == before
