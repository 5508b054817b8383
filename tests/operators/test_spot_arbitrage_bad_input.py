"""Opportunities under a faulty feed."""

import msgspec
import numpy as np
import pytest

from domain.blocks import markets_block, quotes_block
from domain.clock import SECOND
from domain.opportunities import Opportunity
from domain.quotes import ASK, BID, CONTIGUOUS_SEQ, DROP, MESSAGE_END, TICK, TOP
from tests.operators.arbitrage_feed import A_NO, B_NO, C_NO, EVENT, MS, NAMES, books, changes, feed, machine, opened
from tests.prediction import beat, group, level, market, message, polymarket, quote, snapshot, trade


def test_a_crossed_book_ends_it_and_is_counted() -> None:
    made, _ = opened()
    assert changes(feed(made, message(level(A_NO, MS, BID, "0.61", "5")))) == [("closed", "book crossed")]
    assert changes(feed(made, message(level(A_NO, 2 * MS, BID, "0.61", "0")))) == [("opened", None)]


def test_an_empty_side_leaves_the_leg_out_where_that_pays() -> None:
    made = machine(EVENT)
    rows = message(
        snapshot(A_NO, 0, {}, {"0.45": "100"}), snapshot(B_NO, 0, {}, {"0.45": "90"}), snapshot(C_NO, 0, {"0.5": "9"})
    )
    (found,) = feed(made, rows)
    assert [leg.token for leg in found.plan.legs] == [B_NO, A_NO]
    assert found.payoff == 1


def test_an_empty_side_of_a_leg_that_is_needed_is_no_opportunity() -> None:
    pair = group(market("x"), kind="single")
    made = machine(pair)
    assert feed(made, message(snapshot("polymarket:x:yes", 0, {}, {"0.3": "50"}), snapshot("polymarket:x:no", 0))) == []


@pytest.mark.parametrize("price", ["0", "1"])
def test_a_price_of_0_or_1_is_no_liquidity(price) -> None:
    made, _ = opened()
    assert feed(made, message(level(A_NO, MS, ASK, price, "500"))) == []
    found, _ = made.on_batch([quotes_block(message(level(A_NO, 2 * MS, BID, price, "500")))])
    assert found[0].counts.bad == 1
    assert found[0].opportunities == []


def test_an_unknown_token_is_counted() -> None:
    made, _ = opened()
    found, _ = made.on_batch(
        [quotes_block(message(level("polymarket:who:yes", MS, ASK, "0.1", "5"))), trade("x:y", 2, 0.5, 1)]
    )
    assert found[0].counts.unknown == 2
    assert found[0].opportunities == []


def test_a_missing_fee_schedule_is_the_highest_and_costs_a_grade() -> None:
    fees = polymarket("0.07")
    cheap = message(*(snapshot(token, 0, {}, {"0.62": "100"}) for token in (A_NO, B_NO, C_NO)))
    graded = {}
    for assumed in (False, True):
        given = msgspec.structs.replace(fees, assumed=assumed)
        markets = (market(name, fees=given) for name in NAMES)
        (found,) = feed(machine(group(*markets, exclusive=True)), cheap)
        graded[assumed] = (found.risk.grade, found.risk.fee_certainty, [r for r in found.risk.reasons if "fee" in r])
    assert graded[False][1:] == ("published", [])
    assert graded[True][1:] == ("assumed", ["a fee is not published; the highest is assumed"])
    assert graded[True][0] > graded[False][0]


@pytest.mark.parametrize(
    ("status", "winner", "reason"),
    [
        ("paused", "", "market paused"),
        ("disputed", "", "market disputed"),
        ("resolved", "polymarket:a:no", "market resolved"),
        ("resolved", "polymarket:a:yes", "market resolved"),
    ],
)
def test_a_market_that_is_paused_or_resolved_in_the_middle_ends_it(status, winner, reason) -> None:
    made, first = opened()
    ended = msgspec.structs.replace(EVENT.markets[0], status=status, winner=winner)
    told = feed(made, markets_block([msgspec.structs.replace(EVENT, markets=(ended, *EVENT.markets[1:]))]), beat(MS))
    assert changes(told) == [("closed", reason)]
    assert told[0].duration_s == 0.0, "before the next row is looked at"
    assert told[0].id == first.id
    assert "opened" not in [change for change, _ in changes(feed(made, beat(SECOND)))], "b and c alone cost 1.35 for 1"


def test_resolved_group_is_dropped_and_its_plan_unjudged() -> None:
    made, _ = opened()
    over = tuple(msgspec.structs.replace(each, status="resolved", winner=each.no.name) for each in EVENT.markets)
    told = feed(made, markets_block([msgspec.structs.replace(EVENT, markets=over)]), beat(SECOND), books(2 * SECOND))
    assert changes(told) == [("closed", "market resolved"), ("settled", "market resolved")]
    assert told[1].settlement
    assert told[1].settlement.outcome == "unjudged"
    assert len(made.snapshot()) < 4_000


def test_a_new_version_of_a_group_that_changes_nothing_ends_nothing() -> None:
    made, _ = opened()
    assert feed(made, markets_block([msgspec.structs.replace(EVENT, title="Another")]), beat(100 * MS)) == []


def test_rows_out_of_order_void_their_book() -> None:
    made, _ = opened()
    late = message(level(A_NO, -SECOND, ASK, "0.60", "1"))
    assert changes(feed(made, late)) == [("closed", "book void: out of order")]
    assert changes(feed(made, message(level(A_NO, SECOND, ASK, "0.60", "99")))) == [
        ("settled", "book void: out of order")
    ]
    assert changes(feed(made, message(snapshot(A_NO, 2 * SECOND, {}, {"0.60": "99"})))) == [("opened", None)]


@pytest.mark.parametrize(
    ("row", "why"),
    [
        (quote(A_NO, TICK, MS, "0.001"), "tick size changed"),
        (quote(A_NO, TOP, MS, "0.59", side=ASK), "mismatch"),
        (quote(A_NO, DROP, MS), "feed interrupted"),
    ],
)
def test_a_voided_book_ends_it_and_a_new_snapshot_begins_anew(row, why) -> None:
    made, _ = opened()
    assert changes(feed(made, message(row))) == [("closed", f"book void: {why}")]
    assert changes(feed(made, message(level(A_NO, 2 * MS, ASK, "0.60", "40")))) == [], "a step is no snapshot"
    assert changes(feed(made, message(snapshot(A_NO, 3 * MS, {}, {"0.60": "40"})))) == [("opened", None)]


def test_sequence_gap_closes_it_until_a_snapshot() -> None:
    made, _ = opened()
    numbered = snapshot(A_NO, MS, {}, {"0.60": "100"})
    numbered["seq"] = 7
    assert changes(feed(made, message(numbered))) in ([], [("updated", None)])
    missed = message(level(A_NO, 2 * MS, ASK, "0.60", "101"))
    missed["seq"], missed["flags"] = 9, CONTIGUOUS_SEQ | MESSAGE_END
    assert changes(feed(made, missed)) == [("closed", "book void: gap")]
    assert changes(feed(made, message(snapshot(A_NO, 3 * MS, {}, {"0.60": "100"})))) == [("opened", None)]


def test_stale_book_is_unusable_until_its_next_update() -> None:
    made = machine(EVENT)
    old = message(snapshot(A_NO, 0, {}, {"0.60": "40"}), snapshot(B_NO, 0, {}, {"0.65": "100"}))
    late = message(snapshot(C_NO, 301 * SECOND, {}, {"0.70": "200"}))
    assert [leg.token for each in feed(made, old, late) for leg in each.plan.legs] == []
    heard = message(level(A_NO, 302 * SECOND, ASK, "0.60", "41"), level(B_NO, 302 * SECOND, ASK, "0.65", "99"))
    assert changes(feed(made, heard)) == [("opened", None)]


def test_ghost_closes_it_at_its_deadline() -> None:
    made, _ = opened()
    told = feed(made, trade(A_NO, SECOND, 0.62, 1), beat(2 * SECOND))
    assert changes(told) == [("settled", None)]
    assert changes(feed(made, beat(4 * SECOND))) == [("closed", "book void: ghost")]


def test_stale_books_close_it() -> None:
    made, _ = opened()
    told = feed(made, beat(301 * SECOND))
    assert changes(told) == [("settled", None), ("closed", "book stale")]
    assert told[1].duration_s == pytest.approx(300.0, abs=0.01), "at its time, not when somebody looked"


def test_books_within_a_message_are_not_evaluated() -> None:
    made = machine(EVENT)
    dear = message(books(), level(A_NO, 0, ASK, "0.60", "0"), level(A_NO, 0, ASK, "0.61", "0"))
    assert feed(made, dear) == []
    half = np.concatenate([level(A_NO, MS, ASK, "0.60", "90"), level(A_NO, MS, ASK, "0.60", "0")])
    assert feed(made, half) == []
    assert feed(made, beat(SECOND)) == []


def test_pair_in_mirrored_books_opens_if_it_persists() -> None:
    made = machine(group(market("x", mirrored=True), kind="single"))
    yes, no = "polymarket:x:yes", "polymarket:x:no"

    def sent(at: int, no_at: int | None = None, ask: str = "0.44") -> list[Opportunity]:
        rows = snapshot(yes, at, {}, {"0.50": "50"}), snapshot(no, at if no_at is None else no_at, {}, {ask: "50"})
        return feed(made, message(*rows))

    assert sent(0) == []
    assert sent(MS, 2 * MS) == [], "the books are not of one time"
    assert changes(sent(3 * MS)) == [("opened", None)]
    assert sent(4 * MS, ask="0.51")[0].change == "closed"
    assert sent(5 * MS) == [], "it begins anew"
