"""`spot_whales` on invalid input: bad numbers, unknown tokens, duplicates, late trades and resolved markets."""

import math

import numpy as np
import pytest

from domain.blocks import trades_block
from domain.clock import DAY, SECOND
from domain.slices import EMITTED, SUPPRESSED
from domain.whales import BELOW_HEADLINE, RESOLVED, TAKEN
from operators.kernels.whale_scan import EPISODES_MAX
from operators.spot_whales import SpotWhales
from tests.whales import CALM, START, WALLETS, beat, fills, market, market_block, process, token, trades, whales


@pytest.mark.parametrize("price", [0.0, 1.0, -0.2, 1.2, math.nan, math.inf])
def test_a_price_that_is_none_is_counted_and_does_not_move_time(price):
    bad = fills((50, 1, "m", 1, 0.5, 20_000.0))
    bad["ts"], bad["price"] = START + DAY, price
    rows, _, counts = process(SpotWhales(CALM), trades_block(bad), trades((0, 1, "m", 1, 0.5, 20_000.0)))
    assert rows["ts"].tolist() == [START]
    assert (counts["bad"], counts["accepted"], counts["late"]) == (1, 1, 0)


def test_an_unknown_token_is_a_market_of_its_own():
    rows, positions, counts = process(SpotWhales(CALM), trades((0, 1, "what", -1, 0.5, 20_000.0)), beat(100))
    assert rows[["market", "instrument", "direction"]].tolist() == [(token("what"), token("what"), -1)]
    assert positions.size == 0
    assert counts["unknown"] == 1


def test_unknown_wallets_are_not_taken_to_be_one():
    rows = whales(*(trades((at, -1, "m", 1, 0.5, 6_000.0)) for at in range(4)), trades((5, -1, "m", 1, 0.5, 10_000.0)))
    assert rows["notional"].tolist() == [6_000.0] * 4 + [10_000.0]
    assert rows["status"].tolist() == [SUPPRESSED] * 4 + [EMITTED]
    assert rows["wallets"].tolist() == [0] * 5


def test_a_resolution_ends_what_is_open_and_nothing_comes_after():
    machine = SpotWhales(CALM)
    rows, positions, counts = process(
        machine,
        market_block(market("a")),
        trades((0, 1, "a-yes", 1, 0.6, 6_000.0), (1, 2, "a-no", -1, 0.2, 600.0), (2, 3, "a-yes", 1, 0.6, 60.0)),
        market_block(market("a", "resolved", "yes")),
        trades((3, 1, "a-yes", 1, 0.9, 90_000.0)),
        market_block(market("a", "resolved", "yes")),
        beat(100),
    )
    assert rows[["ts", "notional", "gates"]].tolist() == [(START + 2 * SECOND, 6_000.0, BELOW_HEADLINE)]
    names = ["kind", "wallet", "contracts", "paid", "answer", "payout"]
    assert positions[names].tolist() == [
        (TAKEN, WALLETS[1], 10_000.0, 6_000.0, 1, 0.0),
        (TAKEN, WALLETS[2], 3_000.0, 2_400.0, 1, 0.0),
        (RESOLVED, 0, 0.0, 0.0, 0, 1.0),
    ]
    assert (counts["ended"], counts["accepted"]) == (1, 3)


def test_what_is_told_twice_is_taken_once_and_what_is_too_late_not_at_all():
    rows = fills(*[(at, 1, "m", 1, 0.5, 1_000.0) for at in range(10)], first_id=-40)
    doubled = np.concatenate([rows[:6], rows[2:4], rows[::-1]])
    late = fills((-53, 1, "m", 1, 0.5, 1e6), (-51, 2, "m", 1, 0.5, 1e6))
    found, _, counts = process(SpotWhales(CALM), trades_block(np.concatenate([doubled, late])))
    assert (counts["accepted"], counts["duplicates"], counts["late"]) == (11, 8, 1)
    assert found["notional"].tolist() == [10_000.0, 1e6]


def test_rows_out_of_order_are_taken_as_of_now():
    rows = whales(trades((100, 1, "m", 1, 0.5, 6_000.0)), trades((50, 1, "m", 1, 0.5, 6_000.0)))
    names = ["ts", "opened_at", "first_at", "last_at", "fills"]
    at = START + 100 * SECOND
    assert rows[names].tolist() == [(at, at, START + 50 * SECOND, at, 2)]


def test_a_quiet_market_begins_anew_whether_or_not_its_place_was_used_again():
    first = [trades((0, 1, "m", 1, 0.5, 20_000.0))]
    crowd = [trades_block(fills(*[(1, 2, f"x{at}", 1, 0.5, 10.0) for at in range(count)])) for count in (1, 500)]
    crowd_later = trades_block(fills(*[(15 * 86_400.0, 2, f"y{at}", 1, 0.5, 10.0) for at in range(3_000)]))
    last = trades((16 * 86_400.0, 1, "m", 1, 0.5, 20_000.0))
    for between in ([crowd[0]], [crowd[1], crowd_later]):
        rows = whales(*first, *between, last)
        assert rows["share"].tolist() == [1.0, 1.0]
        assert rows["rank_n"].tolist() == [0.0, 0.0]


def test_memory_does_not_grow_with_what_is_gone():
    machine = SpotWhales(CALM)
    for day in range(0, 300, 15):
        rows = fills(
            *[(day * 86_400.0 + at, at % 9, f"m{day}-{at}", 1, 0.5, 3_000.0) for at in range(200)], first_id=-9_999
        )
        machine.on_batch([trades_block(rows)])
    assert len(machine.snapshot()) < 1_000_000


def test_too_much_at_once_ends_the_oldest_early_and_is_still_told_once():
    count = EPISODES_MAX + 9_000
    rows = np.repeat(fills((0, 1, "m", 1, 0.5, 30.0)), count)
    rows["wallet"], rows["id"] = np.arange(1, count + 1), -2 - np.arange(count)
    rows["size"][[0, -1]] = 6_000.0
    machine = SpotWhales(CALM)
    first, _, counts = process(machine, trades_block(rows))
    assert (counts["accepted"], counts["crowded"]) == (count, 9_000)
    assert first[["wallet", "ts"]].tolist() == [(1, START)]
    machine = SpotWhales(CALM, machine.snapshot())
    last, _, counts = process(machine, trades_block(rows[-1_000:]), trades_block(rows[:1]), beat(61))
    assert (counts["duplicates"], counts["crowded"]) == (1_001, 0)
    assert last["wallet"].tolist() == [count]
