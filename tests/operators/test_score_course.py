"""`score` over time: losses, recovery of a silenced strategy, and reuse of slots."""

import math

import numpy as np
import pytest

from domain.aligned import Aligned
from domain.clock import HOUR, MINUTE
from domain.scores import REGIMES
from domain.slices import EMITTED
from tests.builders import START
from tests.operators.score_cases import candidates, graded, outcome, reason, told
from tests.operators.score_worlds import QUICK, QUIET, machine, world


def test_one_trade_moves_little():
    score = machine()
    at, _ = graded(score, [-1.1])
    (row,), (made,) = told(score, {}, at=at)
    assert (row["history"], made["status"]) == (1.0, EMITTED)
    # A loss among 20 of the prior at each of three levels: each leans on one that has seen it too.
    assert -0.3 < row["historical_boost"] < 0.0
    assert 0.0 < row["expected_r"] < 1.0


def test_results_of_candidates_that_were_never_entered_do_not_count():
    score = machine()
    at, _ = graded(score, [math.nan] * 30)
    (row,), _ = told(score, {}, at=at)
    assert row["history"] == 0.0


def test_losses_raise_the_threshold_and_wins_lower_it():
    free = {"mute_probability": 1.0, "half_life_outcomes": 40.0, "half_life_h": 1.0}
    score = machine(**free)
    at, lost = graded(score, [-1.1] * 300)
    assert [reason(made) for made in lost[:30]] == [""] * 30  # too little was known to ask for more
    assert {reason(made) for made in lost[60:]} == {"negative_expected_value"}
    _, won = graded(score, [1.9, 1.9, -1.1] * 250, at=at)
    assert reason(won[0]) == "negative_expected_value"
    assert "below_threshold" in map(reason, won)  # some are expected to pay before they are known to
    assert {reason(made) for made in won[-20:]} == {""}


def test_only_the_poor_instrument_is_muted_and_recovers():
    score = machine(min_graded=1e9)
    at, lost = graded(score, [-1.1] * 12)
    assert [reason(made) for made in lost].index("symbol_muted") == 8
    _, (other,) = told(score, {"instrument": 8}, at=at)
    assert reason(other) == ""
    _, won = graded(score, [1.9] * 12, at=at)
    assert reason(won[0]) == "symbol_muted"
    assert reason(won[-1]) == ""


def test_the_best_of_an_instant_go_first():
    rows = [{"instrument": 10 + at, "confidence": 0.5 + at / 100} for at in range(9)]
    _, made = told(machine(signals_per_hour_overall=4.0), *rows)
    assert [reason(each) for each in made] == ["rate_cap"] * 5 + [""] * 4


def test_the_best_of_an_instrument_goes_first():
    rows = [{"strategy": at, "take_profit": 101.0 + (at == 1)} for at in range(3)]
    _, made = told(machine(signals_per_hour=1.0), *rows)
    assert [reason(each) for each in made] == ["rate_cap", "", "rate_cap"]


def test_ranks_are_among_all_that_are_emitted_and_open():
    score = machine()
    (first,), (made,) = told(score, {"confidence": 0.7})
    two, _ = told(score, {"instrument": 8, "confidence": 0.6}, {"instrument": 9, "confidence": 0.8}, at=START + MINUTE)
    assert (first["ranking"], two["ranking"].tolist()) == (1, [3, 1])
    over = outcome(made, math.nan, START + 2 * MINUTE)
    (late,), _ = told(score, {"instrument": 6, "confidence": 0.6}, at=START + 2 * MINUTE, outcomes=over)
    assert late["ranking"] == 2  # equals share a rank


def test_thousands_at_one_instant():
    rows = [{"instrument": at // 3, "strategy": at % 3, "confidence": 0.3 + at % 97 / 200} for at in range(6_000)]
    scores, made = told(machine(), *rows)
    emitted = made["status"] == EMITTED
    best = np.sort(scores["final_score"][emitted])[::-1]
    expected = 1 + np.searchsorted(-best, -scores["final_score"][emitted])
    assert scores["ranking"][emitted].tolist() == expected.tolist()
    assert np.isfinite(scores["probability"]).all()


def test_a_strategy_that_vanishes_is_dropped_and_the_others_are_found_by_name():
    lives = {"alpha": HOUR, "beta": HOUR, "gamma": HOUR}
    whole = machine(half_lives=lives, min_graded=1e9)
    whole.on_batch(world(3).cut([]))
    told(whole, {"strategy": 0}, {"strategy": 1}, at=START + 9 * HOUR)
    moved = machine(whole.snapshot(), half_lives={"gamma": HOUR, "delta": HOUR, "alpha": HOUR}, min_graded=1e9)
    at = START + 20 * HOUR
    before = told(whole, {"strategy": 0, "instrument": 100}, at=at)[0][0]
    after = told(moved, {"strategy": 2, "instrument": 100}, at=at)[0][0]
    assert before.tobytes() == after.tobytes()
    new = told(moved, {"strategy": 1, "instrument": 100}, at=at + 3 * HOUR)[0][0]
    assert (new["history"], new["historical_boost"]) == (0.0, 0.0)
    # The open candidate of the one that vanished gave its place back, and its outcome teaches nothing.
    gone = outcome(candidates({"strategy": 9})[0], 5.0, at + 4 * HOUR)
    frozen = moved._memory.overall.tobytes()
    told(moved, at=at + 4 * HOUR, outcomes=gone)
    assert moved._memory.overall.tobytes() == frozen


def test_the_order_of_the_catalogue_does_not_matter():
    given_ = world(6, steps=80)
    order = np.array([2, 0, 1])
    names = list(machine()._names)
    mixed = {names[at]: int(machine()._rules.half_lives[at]) for at in order}
    place = np.argsort(order)
    others = given_.between(0, given_.end)
    for family in ("candidates", "outcomes"):
        getattr(others, family)["strategy"] = place[getattr(others, family)["strategy"]]
    (one,), (other,) = (
        machine(**QUICK).on_batch([given_.between(0, given_.end)])[0],
        machine(half_lives=mixed, **QUICK).on_batch([others])[0],
    )
    assert one.candidates["reason"].tolist() == other.candidates["reason"].tolist()
    np.testing.assert_allclose(one.scores["probability"], other.scores["probability"], rtol=1e-9)
    assert one.scores["ranking"].tolist() == other.scores["ranking"].tolist()


def test_instruments_that_are_quiet_make_room_for_others():
    score = machine()
    for at in range(200):
        told(score, {"instrument": at}, at=START + at * HOUR)
    assert score._memory.instruments.size <= 32
    assert len(score._slots) <= QUIET // HOUR + 20
    assert score._memory.pool.size == 64


def test_confidence_that_is_too_high_is_brought_down():
    score = machine()
    won = np.random.default_rng(1).random(300) < 0.45
    at, _ = graded(score, np.where(won, 1.9, -1.1).tolist(), confidence=0.8)
    (row,), _ = told(score, {"confidence": 0.8}, at=at)
    assert row["probability"] == pytest.approx(0.45, abs=0.08)


def test_regimes_and_ratios_without_features_are_unknown():
    made = candidates({})
    (out,) = machine(columns=("rsi",)).on_batch([Aligned(START, candidates=made, decided=np.zeros((1, 1)))])[0]
    assert REGIMES[out.scores["regime"][0]] == "unknown"
    assert out.scores["risk_penalty"][0] == 0.0
