"""`settle`, against a reference that follows one candidate at a time."""

import math
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.clock import MINUTE
from domain.slices import BAR, CANDIDATE, EXPIRED, OUTCOME, PAYOUT, SL_HIT, SYNTHETIC, TP_HIT, Slice
from operators.settle import Costs, Settle
from tests.builders import START

FREE = Costs(0.0, 0.0)


def bars_of(*rows, slot=0, start=START):
    """1m bars of (open, high, low, close); None is a bar without trades."""
    out = np.zeros(len(rows), BAR)
    last = 1.0
    for at, row in enumerate(rows):
        prices = row or (last, last, last, last)
        last = prices[3]
        out[at]["open_time"], out[at]["close_time"] = start + at * MINUTE, start + (at + 1) * MINUTE
        out[at]["instrument"] = out[at]["slot"] = slot
        for name, price in zip(("open", "high", "low", "close"), prices, strict=True):
            out[at][name] = price
        out[at]["flags"] = 0 if row else SYNTHETIC
    return out


def candidate(*, direction=1, entry=100.0, target=110.0, stop=90.0, minutes=10, at=START, slot=0):
    out = np.zeros(1, CANDIDATE)
    out["ts"], out["instrument"], out["slot"], out["direction"] = at, slot, slot, direction
    out["entry_price"], out["take_profit"], out["stop_loss"] = entry, target, stop
    out["expires_at"] = at + minutes * MINUTE
    return out


def settled(bars, candidates, costs=FREE):
    settle = Settle(costs)
    slices = [
        Slice(0, names=("t:a", "t:b", "t:c"), candidates=candidates),
        Slice(0, names=("t:a", "t:b", "t:c"), bars=bars),
    ]
    out = settle.on_batch(slices)[0]
    return np.concatenate([each.outcomes for each in out]), out[-1].open_candidates


@pytest.mark.parametrize(
    ("rows", "direction", "expected"),
    [
        ([(100, 111, 99, 105)], 1, (TP_HIT, 100.0, 110.0, 1.0)),
        ([(100, 105, 89, 95)], 1, (SL_HIT, 100.0, 90.0, -1.0)),
        ([(100, 111, 89, 100)], 1, (SL_HIT, 100.0, 90.0, -1.0)),  # both in one bar: the stop
        ([(100, 105, 95, 101), (85, 86, 80, 82)], 1, (SL_HIT, 100.0, 85.0, -1.5)),  # jumped over the stop
        ([(100, 105, 95, 101), (120, 125, 119, 121)], 1, (TP_HIT, 100.0, 110.0, 1.0)),  # never better than asked
        ([None, (102, 103, 101, 102), (102, 112, 101, 111)], 1, (TP_HIT, 102.0, 110.0, 0.8)),  # entered when it traded
        ([(100, 101, 99, 100)] * 10, 1, (EXPIRED, 100.0, 100.0, 0.0)),
        ([None] * 10, 1, (EXPIRED, math.nan, math.nan, math.nan)),
        ([(85, 86, 84, 85)], 1, (SL_HIT, 85.0, 85.0, 0.0)),  # opened beyond the stop: in and out
        ([(100, 101, 89, 95)], -1, (TP_HIT, 100.0, 90.0, 1.0)),
        ([(100, 111, 99, 105)], -1, (SL_HIT, 100.0, 110.0, -1.0)),
        ([(100, 101, 95, 101), (115, 116, 112, 114)], -1, (SL_HIT, 100.0, 115.0, -1.5)),
    ],
)
def test_one_candidate(rows, direction, expected):
    levels = {"target": 110.0, "stop": 90.0} if direction > 0 else {"target": 90.0, "stop": 110.0}
    outcomes, still_open = settled(bars_of(*rows), candidate(direction=direction, **levels))
    assert still_open == 0
    (row,) = outcomes
    outcome, entry, exit_price, in_r = expected
    assert row["outcome"] == outcome
    np.testing.assert_allclose(
        [row["entry_price"], row["exit_price"], row["return_r"]], [entry, exit_price, in_r], atol=1e-12
    )


def test_costs_are_paid_on_both_sides():
    outcomes, _ = settled(bars_of((100, 111, 99, 105)), candidate(), Costs(fee_bps=5.0, slippage_bps=1.0))
    assert outcomes["return_pct"][0] == pytest.approx(10.0 - 0.12)
    assert outcomes["return_r"][0] == pytest.approx((10.0 - 0.12) / 10.0)


@pytest.mark.parametrize(
    ("pays", "outcome", "gross"), [(120.0, TP_HIT, 20.0), (0.0, SL_HIT, -100.0), (100.0, EXPIRED, 0.0)]
)
def test_payout_is_paid_in_full_without_costs(pays, outcome, gross):
    bars = bars_of((100, 101, 99, 100), *[(pays,) * 4] * 9)
    bars["flags"][1:] = SYNTHETIC | PAYOUT
    (row,), _ = settled(bars, candidate(), Costs(fee_bps=5.0, slippage_bps=1.0))
    assert (row["outcome"], row["exit_price"], row["redeemed"]) == (outcome, pays, 1)
    assert row["return_pct"] == pytest.approx(gross - 0.06)


def test_what_is_open_stays_open():
    outcomes, still_open = settled(bars_of((100, 101, 99, 100)), candidate())
    assert (outcomes.size, still_open) == (0, 1)


def test_a_bar_that_began_before_the_decision_is_not_entered():
    late = candidate(at=START + 30)
    outcomes, still_open = settled(bars_of((100, 111, 99, 105), (100, 105, 95, 100)), late)
    assert (outcomes.size, still_open) == (0, 1)


def test_excursions_are_in_units_of_the_planned_risk():
    rows = [(100, 104, 97, 101), (101, 106, 98, 105), (105, 112, 104, 111)]
    outcomes, _ = settled(bars_of(*rows), candidate())
    assert outcomes[["best_r", "worst_r"]].tolist() == [(1.0, pytest.approx(-0.3))]


def follow(bars, one, costs):
    """The twin: one candidate over the bars of its slot."""
    direction, entry, entry_at = int(one["direction"]), None, 0
    risk = abs(one["entry_price"] - one["stop_loss"])
    for bar in bars:
        if bar["slot"] != one["slot"] or bar["frame"] != 0 or bar["open_time"] < one["ts"]:
            continue
        if entry is None and not bar["flags"] & SYNTHETIC:
            entry, entry_at = bar["open"], bar["open_time"]
        done = None
        if entry is not None:
            sign = direction
            low, high = sorted((sign * bar["low"], sign * bar["high"]))
            if low <= sign * one["stop_loss"]:
                done = (SL_HIT, sign * min(sign * bar["open"], sign * one["stop_loss"]))
            elif high >= sign * one["take_profit"]:
                done = (TP_HIT, one["take_profit"])
        if done is None and bar["close_time"] >= one["expires_at"]:
            done = (EXPIRED, bar["close"] if entry is not None else math.nan)
        if done is not None:
            if entry is None:
                return (EXPIRED, 0, math.nan, math.nan)
            net = direction * (done[1] - entry) - costs.both_sides * entry
            return (done[0], int(entry_at), 100 * net / entry, net / risk)
    return None


@settings(max_examples=80)
@given(st.integers(0, 2**32 - 1), st.lists(st.integers(1, 59), max_size=4))
def test_equals_its_naive_twin(seed, cuts):
    rng = np.random.default_rng(seed)
    costs = Costs()
    count = 60
    bars = []
    for slot in range(3):
        closes = 100 + np.cumsum(rng.normal(0, 1.5, count))
        opens = np.concatenate([[100.0], closes[:-1]]) + rng.normal(0, 0.5, count)
        high, low = np.maximum(opens, closes) + rng.random(count), np.minimum(opens, closes) - rng.random(count)
        rows = [None if rng.random() < 0.2 else tuple(row) for row in np.stack([opens, high, low, closes], axis=1)]
        bars.append(bars_of(*rows, slot=slot))
    bars = np.concatenate(bars)
    bars = bars[np.lexsort([bars["slot"], bars["close_time"]])]
    made = []
    for minute in range(0, 50, 3):
        for slot in range(3):
            direction = int(rng.choice([-1, 1]))
            reference, risk = 100.0, float(rng.uniform(0.5, 5))
            made.append(
                candidate(
                    direction=direction, entry=reference, stop=reference - direction * risk, slot=slot,
                    target=reference + direction * 1.5 * risk, minutes=int(rng.integers(1, 30)),
                    at=START + minute * MINUTE,
                )
            )  # fmt: skip
    candidates = np.concatenate(made)
    expected = [(c["ts"], c["slot"], follow(bars, c, costs)) for c in candidates]
    expected = {(int(ts), int(slot)): row for ts, slot, row in expected if row}
    settle, got = Settle(costs), []
    edges = [START, *(START + cut * MINUTE for cut in sorted(set(cuts))), START + 61 * MINUTE]
    for begin, end in pairwise(edges):
        mine = bars[(bars["close_time"] > begin) & (bars["close_time"] <= end)]
        decided = candidates[
            (candidates["ts"] > begin) & (candidates["ts"] <= end) | ((begin == START) & (candidates["ts"] == START))
        ]
        got += [
            each.outcomes for each in settle.on_batch([Slice(0, names=("a:a",) * 3, bars=mine, candidates=decided)])[0]
        ]
    outcomes = np.concatenate([np.empty(0, OUTCOME), *got])
    told = {
        (int(o["ts"]), int(o["slot"])): (o["outcome"], int(o["entry_at"]), o["return_pct"], o["return_r"])
        for o in outcomes
    }
    assert told.keys() == expected.keys()
    for key, row in expected.items():
        np.testing.assert_allclose(told[key], row, rtol=1e-12, atol=1e-12)
