"""`grade_wallets`, against records recomputed for each whale, and in edge cases."""

import math
from statistics import mean, stdev
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from domain.whale_settings import WhaleSettings
from domain.whales import BOT, FARMER, MAKER, POSITION, RESOLVED, TAKEN, WHALE, WhaleCounts, WhaleFindings
from operators.grade_wallets import PRIOR_MARKETS, GradeWallets
from tests.builders import records
from tests.naive import canonical

ROOMY = WhaleSettings()
UNKNOWN = ("edge", "edge_se", "average_entry", "purity")
SEEDS = st.integers(0, 2**32 - 1)


def taken(ts: int, wallet: int, market: int, contracts: float, price: float, answer: int = 1) -> dict[str, Any]:
    paid = contracts * price
    return {"ts": ts, "wallet": wallet, "market": market, "contracts": contracts, "paid": paid, "answer": answer}


def resolved(ts: int, market: int, payout: float) -> dict[str, Any]:
    return {"ts": ts, "market": market, "payout": payout, "kind": RESOLVED}


def found(watermark: int, rows: list[dict[str, Any]], positions: list[dict[str, Any]]) -> WhaleFindings:
    told = records(WHALE, *rows)
    for name in UNKNOWN:
        told[name] = np.nan
    return WhaleFindings(watermark, told, records(POSITION, *positions), WhaleCounts())


def asked(positions: list[dict[str, Any]], *, wallet: int = 1, ts: int = 1_000, using: WhaleSettings = ROOMY) -> Any:
    """The row of a whale at `ts`, after those positions."""
    graded, _ = GradeWallets(using).on_batch([found(ts, [{"ts": ts, "wallet": wallet}], positions)])
    return graded[0].rows[0]


def messy_findings(seed: int) -> list[WhaleFindings]:
    """What shards find on a bad day, aligned: everything of an instant may come in two parts."""
    rng = np.random.default_rng(seed)
    findings, now = [], 0
    for _ in range(30):
        until = now + int(rng.integers(0, 9))
        stamps = np.sort(rng.integers(now + 1, until + 2, (2, 4)))
        rows = [{"ts": ts, "wallet": rng.integers(0, 5), "kind": rng.random() < 0.1} for ts in stamps[0]]
        positions = [
            taken(ts, rng.integers(1, 5), rng.integers(1, 8), rng.uniform(1, 99), rng.uniform(0.02, 0.98), side)
            if rng.random() < 0.8
            else resolved(ts, rng.integers(1, 8), rng.choice([0.0, 0.5, 1.0]))
            for ts, side in zip(stamps[1], rng.choice([-1, 1], 4), strict=True)
        ]
        findings.append(found(until, rows, positions))
        now = until
    return findings


def twin(row: Any, positions: NDArray[Any]) -> tuple[Any, ...]:
    """Markets, edge, error, average entry and purity by all that was known before the row."""
    before = positions[positions["ts"] < row["ts"]]
    order = before[np.lexsort([before["kind"], before["ts"]])]  # what was taken comes before what was resolved
    mine = order[(order["kind"] == TAKEN) & (order["wallet"] == row["wallet"])]
    if not mine.size:
        return 0, math.nan, math.nan, math.nan, math.nan
    edges, nets = [], []
    for market in np.unique(mine["market"]):
        there = order[(order["market"] == market) & ((order["kind"] == RESOLVED) | (order["wallet"] == row["wallet"]))]
        ends = np.flatnonzero(there["kind"] == RESOLVED)
        for stakes in np.split(there, ends + 1):
            held = stakes[stakes["kind"] == TAKEN]
            if held.size:
                nets.append(abs((held["paid"] * held["answer"]).sum()))
            if held.size and stakes["kind"][-1] == RESOLVED:
                payout = stakes["payout"][-1]
                paid_out = held["contracts"] * np.where(held["answer"] > 0, payout, 1 - payout)
                edges.append((paid_out - held["paid"]).sum() / held["contracts"].sum())
    n, paid = len(edges), mine["paid"].sum()
    shrunk = n / (n + PRIOR_MARKETS)
    return (
        n,
        mean(edges) * shrunk if n else math.nan,
        stdev(edges) / math.sqrt(n) * shrunk if n > 1 else math.nan,
        paid / mine["contracts"].sum(),
        sum(nets) / paid,
    )


@settings(max_examples=60)
@given(SEEDS)
def test_equals_records_recomputed_from_scratch(seed):
    findings = messy_findings(seed)
    positions = np.concatenate([each.positions for each in findings])
    graded, _ = GradeWallets(ROOMY).on_batch(findings)
    for row in np.concatenate([each.rows for each in graded]):
        got = tuple(row[name].item() for name in ("markets", *UNKNOWN))
        alone = row["kind"] == 0 and row["wallet"] != 0
        expected = twin(row, positions) if alone else (0, math.nan, math.nan, math.nan, math.nan)
        assert got == pytest.approx(expected, rel=1e-9, abs=1e-9, nan_ok=True)


@settings(max_examples=40)
@given(SEEDS, st.integers(0, 30), st.sampled_from([ROOMY, WhaleSettings(positions_max=5, wallets_max=3)]))
def test_cuts_and_restarts_do_not_matter(seed, at, using):
    findings = messy_findings(seed)
    whole, _ = GradeWallets(using).on_batch(findings)
    first = GradeWallets(using)
    parts = [first.on_batch([each])[0][0] for each in findings[:at]]
    second = GradeWallets(using, first.snapshot())
    parts += second.on_batch(findings[at:])[0]
    for one, other in zip(whole, parts, strict=True):
        assert canonical(one.rows) == canonical(other.rows)


def test_a_market_counts_once_and_an_edge_is_outcome_less_price_paid():
    row = asked(
        [
            *(taken(at, 1, 7, 100.0, 0.6) for at in range(1, 10)),
            taken(11, 1, 8, 50.0, 0.7, -1),
            resolved(20, 7, 1.0),
            resolved(21, 8, 1.0),
        ]
    )
    assert row["markets"] == 2
    assert row["edge"] == pytest.approx((0.4 - 0.7) / 32)
    assert row["edge_se"] == pytest.approx(stdev([0.4, -0.7]) * math.sqrt(2) / 32)


def test_only_what_was_resolved_before_counts():
    known = [taken(1, 1, 7, 100.0, 0.6), resolved(50, 7, 1.0)]
    assert [asked(known, ts=ts)["markets"] for ts in (49, 50, 51)] == [0, 0, 1]


def test_a_market_without_a_winner_pays_half():
    assert asked([taken(1, 1, 7, 9.0, 0.6), resolved(2, 7, 0.5)])["edge"] == pytest.approx(-0.1 / 31)


def test_farmers_makers_and_bots_are_flagged():
    assert asked([taken(1, 1, 7, 9.0, 0.96)])["flags"] == FARMER
    assert asked([taken(1, 1, 7, 9.0, 0.5), taken(2, 1, 7, 9.0, 0.5, -1)])["flags"] == MAKER
    assert asked([taken(at, 1, at, 9.0, 0.5) for at in range(1, 1_000)])["flags"] == 0
    assert asked([taken(at, 1, at, 9.0, 0.5) for at in range(1, 1_001)], ts=2_000)["flags"] == BOT


def test_least_recently_active_wallet_is_evicted():
    known = [
        *(taken(at, 1, at, 9.0, 0.5) for at in range(1, 4)),
        resolved(4, 1, 1.0),
        taken(5, 2, 1, 9.0, 0.5),
        taken(6, 3, 2, 9.0, 0.5),
        resolved(7, 2, 1.0),
        resolved(8, 3, 1.0),
    ]
    assert asked(known)["markets"] == 3
    few = WhaleSettings(wallets_max=2)
    assert [asked(known, wallet=wallet, using=few)["markets"] for wallet in (1, 2, 3)] == [0, 0, 1]
    assert np.isnan(asked(known, using=few)["average_entry"])
    assert asked(known, using=WhaleSettings(positions_max=3))["markets"] == 0


def test_input_findings_are_not_modified():
    given_ = found(9, [{"ts": 9, "wallet": 1}], [taken(1, 1, 7, 9.0, 0.96)])
    before = given_.rows.tobytes()
    GradeWallets(ROOMY).on_batch([given_])
    assert given_.rows.tobytes() == before
