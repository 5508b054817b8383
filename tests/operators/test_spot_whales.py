"""`spot_whales`, against its naive reference and in edge cases."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.blocks import trades_block
from domain.clock import MINUTE, SECOND
from domain.ids import whale_id
from domain.slices import EMITTED, SUPPRESSED
from domain.whales import (
    BELOW_HEADLINE,
    CONSENSUS,
    COOLING,
    DEAR,
    DISAGREEMENT,
    SMALL_GAIN,
    USUAL,
    WHALE_ALONE,
)
from operators.spot_whales import SpotWhales
from tests.naive import canonical
from tests.operators.whales_twin import twin_of
from tests.whales import (
    CALM,
    EAGER,
    START,
    WALLETS,
    beat,
    blocks,
    cut,
    fills,
    market,
    market_block,
    merge,
    messy_log,
    process,
    token,
    trades,
    whales,
)

SEEDS, COUNTS = st.integers(0, 2**32 - 1), st.integers(1, 150)


@settings(max_examples=200)
@given(SEEDS, COUNTS)
def test_equals_its_naive_twin(seed, count):
    log = messy_log(seed, count)
    rows, positions, counts = process(SpotWhales(EAGER), *blocks(log))
    twin = twin_of(log, EAGER)
    assert {name: counts[name] for name in counts if counts[name]} == {k: n for k, n in twin.counts.items() if n}
    assert len(rows) == len(twin.rows)
    for row, expected in zip(rows, twin.rows, strict=True):
        got = {name: row[name].item() for name in expected}
        for name, value in expected.items():
            if isinstance(value, float):
                assert got[name] == pytest.approx(value, rel=1e-9, abs=1e-12, nan_ok=True), name
            else:
                assert got[name] == value, (name, got, expected)
    mine = [tuple(each)[:-1] for each in positions.tolist()]
    theirs = [each[:6] + each[6:] for each in twin.positions]
    assert len(mine) == len(theirs)
    for one, other in zip(mine, theirs, strict=True):
        assert one == pytest.approx(other, rel=1e-9)


@settings(max_examples=80)
@given(SEEDS, COUNTS, st.lists(st.integers(1, 40), max_size=20))
def test_cuts_and_restarts_do_not_matter(seed, count, batches):
    log = messy_log(seed, count)
    whole = process(SpotWhales(EAGER), *blocks(log))
    every, machine, findings = blocks(log), SpotWhales(EAGER), []
    for size in [*batches, len(every)]:
        batch, every = every[:size], every[size:]
        findings += machine.on_batch(batch)[0]
        machine = SpotWhales(EAGER, machine.snapshot())
    rows, positions, counts = merge(findings)
    assert canonical(rows) == canonical(whole[0])
    assert canonical(positions) == canonical(whole[1])
    assert counts == whole[2]


@settings(max_examples=40)
@given(SEEDS, COUNTS, st.integers(0, 150))
def test_later_input_retracts_nothing(seed, count, head):
    log = messy_log(seed, count)
    machine = SpotWhales(EAGER)
    first, *_ = process(machine, *blocks(log[:head]))
    later, *_ = process(machine, *blocks(log[head:]))
    assert canonical(np.concatenate([first, later])) == canonical(whales(*blocks(log), using=EAGER))
    assert (np.diff(np.concatenate([first, later])["ts"]) >= 0).all()


def test_no_row_is_behind_the_watermark():
    rows = fills(*[(at / 3, at % 4, f"m{at % 5}", 1, 0.5, 100.0 + 37 * at) for at in range(300)])
    machine, watermark = SpotWhales(EAGER), -(1 << 62)
    for block in cut(rows, list(range(300))):
        for each in machine.on_batch([block])[0]:
            assert (each.rows["ts"] > watermark).all()
            assert each.watermark >= watermark
            watermark = each.watermark


def test_fills_within_a_minute_are_one_whale_reported_on_escalation():
    log = [trades((at * 60.0, 1, "m", 1, 0.5, 4_000.0)) for at in range(6)]
    rows = whales(*log)
    assert rows[["fills", "notional", "revision", "status"]].tolist() == [(3, 12_000.0, 0, 0), (6, 24_000.0, 1, 0)]
    assert len(set(rows["opened_at"])) == 1


def test_a_pause_over_a_minute_ends_an_episode():
    rows = whales(
        trades((0, 1, "m", 1, 0.5, 6_000.0)), trades((60.000000001, 1, "m", 1, 0.5, 6_000.0)), beat(1_000)
    )  # fmt: skip
    assert rows[["notional", "status", "gates"]].tolist() == [(6_000.0, SUPPRESSED, BELOW_HEADLINE)] * 2


@pytest.mark.parametrize(
    ("side", "price", "gates"),
    [(1, 0.96, DEAR), (1, 0.95, DEAR), (1, 0.94, 0), (-1, 0.04, DEAR), (-1, 0.96, 0), (1, 0.04, 0), (0, 0.96, DEAR)],
)
def test_who_collects_what_is_nearly_settled_is_no_whale(side, price, gates):
    rows = whales(trades((0, 1, "m", side, price, 1e6 * price)), beat(100))
    assert rows[["gates", "status"]].tolist() == [(gates, SUPPRESSED if gates else EMITTED)]


def test_the_lesser_of_cost_and_gain_is_measured():
    rows = whales(trades((0, 1, "m", 1, 0.9, 20_000.0), (1, 2, "n", 1, 0.1, 2_400.0)), beat(100))
    assert rows[["gates", "notional"]].tolist() == [(SMALL_GAIN | BELOW_HEADLINE, 20_000.0)]


def test_once_it_is_known_what_is_usual_the_floor_is_lower_and_rank_decides():
    usual = fills(*[(at * 1_800.0, at % 7, f"m{at % 3}", 1, 0.5, 50.0 + at) for at in range(300)])
    machine = SpotWhales(CALM)
    process(machine, trades_block(usual))
    last = 300 * 1_800.0
    rows, *_ = process(machine, trades((last, 7, "m0", 1, 0.5, 2_600.0)), beat(last + 100))
    assert rows[["status", "gates"]].tolist() == [(EMITTED, 0)]
    assert 0.99 < rows["rank"][0] <= 1.0
    many = fills(*[(last + 600.0 * at, at % 7, "m0", 1, 0.5, 9_000.0) for at in range(1, 300)])
    process(machine, trades_block(many))
    last += 600.0 * 300
    rows, *_ = process(machine, trades((last, 8, "m0", 1, 0.5, 8_000.0)), beat(last + 100))
    assert rows[rows["wallet"] == WALLETS[8]][["status", "gates"]].tolist() == [(SUPPRESSED, USUAL)]


def test_a_wallet_cools_down_unless_it_escalates():
    rows = whales(
        trades((0, 1, "m", 1, 0.5, 12_000.0)),
        trades((300, 1, "m", -1, 0.5, 13_000.0)),
        trades((600, 1, "m", 1, 0.5, 24_000.0)),
        trades((700, 2, "m", 1, 0.5, 12_000.0)),
        trades((600 + 1_800, 1, "m", 1, 0.5, 12_000.0)),
    )
    alone = rows[rows["kind"] == WHALE_ALONE]
    assert alone["gates"].tolist() == [0, COOLING, 0, 0, 0]
    assert alone["status"].tolist() == [EMITTED, SUPPRESSED, EMITTED, EMITTED, EMITTED]


def test_four_wallets_on_one_side_are_a_consensus_and_four_more_escalate():
    log = [market_block(market("a"))]
    # Who sells the second answer is with those who buy the first.
    log += [
        trades((at * 120.0, at, "a-yes" if at % 2 else "a-no", 1 if at % 2 else -1, 0.5, 3_000.0)) for at in range(8)
    ]
    rows = whales(*log)
    agreed = rows[rows["kind"] == CONSENSUS]
    names = ["ts", "wallets", "against", "direction", "revision", "notional"]
    assert agreed[names].tolist() == [
        (START + 360 * SECOND, 4, 0, 1, 0, 12_000.0),
        (START + 840 * SECOND, 8, 0, 1, 1, 24_000.0),
    ]
    np.testing.assert_allclose(agreed["posterior"], [1 - 0.5**5, 1 - 0.5**9])
    assert (agreed["chance"] < 1e-3).all()
    assert set(agreed["opened_at"]) == {START + 360 * SECOND}
    assert set(agreed["instrument"]) == {token("a-yes")}
    assert (rows["status"][rows["kind"] == WHALE_ALONE] == SUPPRESSED).all()


def test_who_is_on_both_sides_counts_on_neither():
    log = [market_block(market("a")), *(trades((at * 120.0, at, "a-yes", 1, 0.5, 3_000.0)) for at in range(3))]
    log += [trades((400, 2, "a-no", 1, 0.5, 3_000.0)), trades((500, 3, "a-yes", 1, 0.5, 3_000.0))]
    assert not whales(*log)["kind"].any()
    rows = whales(*log, trades((600, 4, "a-yes", 1, 0.5, 3_000.0)))
    assert rows["wallets"][rows["kind"] > 0].tolist() == [4]


def test_those_who_came_too_long_ago_are_not_with_them():
    log = [trades((at * 1_201.0, at, "m", 1, 0.5, 3_000.0)) for at in range(4)]
    assert not (whales(*log)["kind"] == CONSENSUS).any()


def test_large_wallets_against_each_other_disagree():
    log = [market_block(market("a"))]
    log += [trades((at * 60.5, at, ("a-yes", "a-no")[at % 2], 1, 0.5, 3_000.0)) for at in range(5)]
    rows = whales(*log)
    names = ["kind", "wallets", "against", "direction", "revision"]
    assert rows[rows["kind"] > 0][names].tolist() == [(DISAGREEMENT, 4, 2, 0, 0)]


def test_where_large_wallets_are_usual_four_are_no_consensus():
    often = [trades((at * 900.0, at % 9, "m", 1 if at % 3 else -1, 0.5, 3_000.0)) for at in range(400)]
    machine = SpotWhales(CALM)
    process(machine, *often)
    last = 400 * 900.0 + 4_000
    rows, *_ = process(machine, *(trades((last + at, at, "m", 1, 0.5, 3_000.0)) for at in range(4)))
    assert not (rows["kind"] == CONSENSUS).any()


def test_an_id_stays_the_same_while_it_grows():
    rows = whales(*(trades((at, 1, "m", 1, 0.5, 10_000.0)) for at in range(4)))
    ids = {
        whale_id("whale", *(int(row[name]) for name in ("market", "instrument", "wallet", "side", "opened_at")))
        for row in rows
    }
    assert (len(rows), len(ids)) == (3, 1)


def test_time_alone_ends_an_episode_at_the_same_instant_however_it_moves():
    start = trades((0, 1, "m", 1, 0.5, 3_000.0))
    one, other = whales(start, beat(61), beat(500)), whales(start, beat(10 * MINUTE // SECOND))
    assert canonical(one) == canonical(other)
    assert one["ts"].tolist() == [START + 60 * SECOND + 1]
