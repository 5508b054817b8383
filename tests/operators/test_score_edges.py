"""`score` at a single decision: no history, neutral inputs, and many signals at once."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.clock import HOUR, MINUTE
from domain.scores import REGIMES, SCORE
from domain.slices import BAR, EMITTED, SUPPRESSED_REASONS
from tests.builders import START
from tests.operators.score_cases import graded, outcome, told
from tests.operators.score_worlds import COST, QUICK, machine, world

FEW = settings(max_examples=30)


def test_without_history_confidence_decides_and_is_flagged():
    (row,), (made,) = told(machine(), {"confidence": 0.62})
    assert row["probability"] == pytest.approx(0.62)
    assert (row["history"], row["historical_boost"], row["threshold"], row["ranking"]) == (0.0, 0.0, 0.0, 1)
    assert math.isnan(row["expected_r"])
    assert (made["status"], REGIMES[row["regime"]], row["time_decay_factor"]) == (EMITTED, "normal_flat", 1.0)
    cost = COST * 100.0 / 1.0
    assert row["final_score"] == pytest.approx(100 * (0.62 * (2.0 - cost) - 0.38 * (1.0 + cost)))


@FEW
@given(st.floats(0.001, 0.999))
def test_neutral_inputs_leave_the_calibrated_base(confidence):
    score = machine(boost_max=0.0, **{**QUICK, "signals_per_hour": 1000.0})
    graded(score, [1.9, -1.1, -1.1] * 10, confidence=0.7)
    ((row,), _), state = told(score, {"instrument": 8, "confidence": confidence}, at=START + 9 * HOUR), score
    slope, intercept = (float(state._memory.state[name][0]) for name in ("slope", "intercept"))
    assert slope != 1.0
    assert row["probability"] == pytest.approx(
        1 / (1 + math.exp(-(slope * math.log(confidence / (1 - confidence)) + intercept))), abs=1e-9
    )


@pytest.mark.parametrize(("confidence", "expected"), [(0.0, 1e-6), (1.0, 1 - 1e-6), (math.nan, 0.5)])
def test_a_confidence_of_0_or_1_or_none_is_taken_as_it_can_be_meant(confidence, expected):
    (row,), _ = told(machine(), {"confidence": confidence})
    assert row["probability"] == pytest.approx(expected, rel=1e-6)


def test_a_stop_at_the_entry_divides_nothing():
    (row,), _ = told(machine(), {"stop_loss": 100.0})
    assert np.isfinite([row[name] for name in ("probability", "final_score", "risk_penalty")]).all()
    assert row["final_score"] == 0.0


def test_two_signals_confirm_each_other_as_published():
    scores, _ = told(machine(), {"strategy": 0, "confidence": 0.6}, {"strategy": 1, "confidence": 0.7})
    np.testing.assert_allclose(scores["probability"], 0.697448, atol=5e-7)
    assert scores["correlations"].tolist() == [1, 1]
    assert scores["correlated_strategy"][:, 0].tolist() == [1, 0]


def test_an_opposing_signal_subtracts():
    score = machine()
    told(score, {"strategy": 1, "direction": -1, "confidence": 0.7})
    (row,), _ = told(score, {"strategy": 0}, at=START + MINUTE)
    assert row["correlation_boost"] < 0.0
    assert (row["correlated"][0], row["correlated_strategy"][0], row["correlated_direction"][0]) == (START, 1, -1)


def test_two_of_one_strategy_count_once_the_newest():
    one, two = machine(), machine()
    told(one, {"strategy": 1, "confidence": 0.9})
    for score in (one, two):
        told(score, {"strategy": 1, "confidence": 0.7}, at=START + MINUTE)
    rows = [told(score, {"strategy": 0}, at=START + 2 * MINUTE)[0] for score in (one, two)]
    for row in rows:
        row["ranking"] = 0  # one more is open in one of them
    assert rows[0].tobytes() == rows[1].tobytes()


@pytest.mark.parametrize(
    ("row", "at"),
    [
        ({"instrument": 8}, START),  # another instrument
        ({"reason": SUPPRESSED_REASONS.index("incomplete_data"), "status": 1}, START),
        ({"expires_at": START + MINUTE}, START + MINUTE),
        ({"expires_at": START + 9 * HOUR}, START + HOUR + MINUTE),  # beyond the half-life of both
    ],
)
def test_unrelated_expired_or_old_signals_do_not_confirm(row, at):
    score = machine()
    told(score, {"strategy": 1, "confidence": 0.9, **row})
    (late,), _ = told(score, {"strategy": 0}, at=at)
    assert (late["correlations"], late["correlation_boost"]) == (0, 0.0)


def test_a_settled_signal_confirms_nothing():
    score = machine()
    _, (made,) = told(score, {"strategy": 1, "confidence": 0.9})
    (row,), _ = told(score, {"strategy": 0}, at=START + MINUTE, outcomes=outcome(made, math.nan, START + MINUTE))
    assert row["correlations"] == 0


def test_at_most_four_related_signals_newest_first():
    half_lives = dict.fromkeys("abcdefg", 4 * HOUR)
    score = machine(half_lives=half_lives)
    for at in range(6):
        told(score, {"strategy": at}, at=START + at * MINUTE)
    (row,), _ = told(score, {"strategy": 6}, at=START + HOUR)
    assert row["correlated_strategy"].tolist() == [5, 4, 3, 2]
    assert row["correlated"].tolist() == [START + at * MINUTE for at in (5, 4, 3, 2)]


def test_a_dry_market_draws_to_the_base_rate():
    probabilities = []
    for now in (100.0, 20.0, 0.0):
        bars = np.zeros(110, BAR)
        bars["close_time"] = START - (110 - np.arange(110)) * MINUTE
        bars["instrument"], bars["quote_volume"] = 7, np.r_[np.full(90, 100.0), np.full(20, now)]
        (row,), _ = told(machine(), {"confidence": 0.8}, bars=bars)
        probabilities.append(float(row["probability"]))
    assert 0.8 >= probabilities[0] > probabilities[1] > probabilities[2] > 0.5


@FEW
@given(st.integers(0, 50), st.floats(0.01, 0.98), st.floats(1e-3, 0.5), st.floats(0.0, 3.0))
def test_probability_and_rank_rise_with_confidence_and_the_rank_with_reward(seed, confidence, more, reward):
    score = machine(**QUICK)
    score.on_batch(world(seed, steps=20).cut([]))
    at, frozen = START + 3 * HOUR, score.snapshot()
    rows = [{"confidence": confidence}, {"confidence": min(0.999, confidence + more)}]
    rows += [{**rows[0], "take_profit": 102.0 + reward}]
    low, high, richer = (told(machine(frozen, **QUICK), row, at=at)[0][0] for row in rows)
    assert high["probability"] >= low["probability"]
    assert high["final_score"] >= low["final_score"]
    assert richer["final_score"] >= low["final_score"]


@FEW
@given(st.integers(0, 10_000), st.sampled_from([0.0, 0.02, 0.5, 1.0]))
def test_scores_stay_in_range_for_any_input(seed, win):
    out = machine(**QUICK).on_batch(world(seed, win=win).cut([]))[0]
    scores = np.concatenate([each.scores for each in out])
    for name in SCORE.names:
        if name != "expected_r":
            assert np.isfinite(scores[name]).all(), name
    assert not np.isinf(scores["expected_r"]).any()
    for name in ("probability", "adjusted_score"):
        assert ((scores[name] > 0) & (scores[name] < 1)).all()
    for name, most in (("liquidity_weight", 1), ("threshold", 1), ("final_score", 100), ("risk_penalty", 1)):
        assert ((scores[name] >= 0) & (scores[name] <= most)).all(), name
    assert (np.abs(scores["historical_boost"]) <= 0.8).all()
