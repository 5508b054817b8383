"""Identities between order books for arbitrary contents, and a worked example."""

import gzip
import json
from decimal import Decimal as D

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.blocks import quotes_block
from tests.operators.arbitrage_feed import MS, feed, machine
from tests.prediction import FREE, group, market, message, polymarket, snapshot
from tests.recordings import recording


def test_negative_risk_of_five_answers() -> None:
    """YES bids .40, .25, .20, .12 and .08: NO costs 3.95 and pays 4; of .05 a set, .0193 is left at a rate of 4 %."""
    bids = dict(zip("abcde", ("0.40", "0.25", "0.20", "0.12", "0.08"), strict=True))
    markets = [market(name, fees=polymarket("0.04"), mirrored=True) for name in bids]
    made = machine(group(*markets, exclusive=True, convertible=True, augmented=True))
    sent = [
        rows
        for each, bid in zip(markets, bids.values(), strict=True)
        for rows in (
            snapshot(each.yes.name, 0, {bid: "100"}, {"0.90": "100"}),
            snapshot(each.no.name, 0, {"0.10": "100"}, {str(1 - D(bid)): "100"}),
        )
    ]
    (found,) = feed(made, message(*sent))
    assert (found.kind, found.payoff, found.size, found.gross) == ("buy_all_no", 4, 100, 5)
    assert found.fees == D("3.0668")
    assert found.edge == pytest.approx(0.0193, abs=5e-5)
    assert found.risk.time_lock_days == 0.0
    assert found.risk.exhaustiveness == "not_needed"


@settings(max_examples=100)
@given(st.integers(1, 99), st.integers(1, 99))
def test_a_pair_under_a_dollar_on_kalshi_is_a_crossed_book(yes_bid, no_bid) -> None:
    """Asks are the other side's bids turned round, so that yes + no < 1 is bid > ask, and nothing to trade on."""
    made = machine(group(market("k", mirrored=True), kind="single"))
    bids = {"yes": D(yes_bid) / 100, "no": D(no_bid) / 100}
    for at in (0, MS, 2 * MS):
        sent = [
            snapshot(f"polymarket:k:{mine}", at, {str(bids[mine]): "50"}, {str(1 - bids[other]): "50"})
            for mine, other in (("yes", "no"), ("no", "yes"))
        ]
        ((found,), _) = made.on_batch([quotes_block(message(*sent))])
        assert found.opportunities == []
        pair = (1 - bids["no"]) + (1 - bids["yes"])
        assert found.counts.crossed == (2 if pair <= 1 else 0)


def test_recorded_books_mirror_each_other_and_no_pair_costs_less_than_a_dollar() -> None:
    with gzip.open(recording("polymarket/books_run_20260311T214149Z.jsonl.gz"), "rt") as lines:
        batches = [json.loads(line) for line in lines]
    pairs = 0
    for batch in batches:
        best = {
            book["asset_id"]: (
                max(D(level["price"]) for level in book["bids"]),
                min(D(level["price"]) for level in book["asks"]),
            )
            for book in batch["books"]
            if book["bids"] and book["asks"]
        }
        markets: dict[str, list[str]] = {}
        for token in batch["requested_tokens"]:
            markets.setdefault(token["market_id"], []).append(token["token_id"])
        for yes, no in markets.values():
            (yes_bid, yes_ask), (no_bid, no_ask) = best[yes], best[no]
            assert (no_bid, no_ask) == (1 - yes_ask, 1 - yes_bid)
            assert yes_ask + no_ask > 1
            pairs += 1
    assert pairs == 30


def test_token_of_two_groups_has_one_book() -> None:
    twin = market("kalshi:a", fees=FREE)
    event = group(market("a"), market("b"), exclusive=True)
    pair = group(event.markets[0], twin, kind="pair", name="pair:a", reviewed=True)
    made = machine(event, pair)
    cheap = message(
        snapshot("polymarket:a:no", 0, {}, {"0.45": "50"}),
        snapshot("polymarket:b:no", 0, {}, {"0.45": "50"}),
        snapshot("kalshi:a:yes", 0, {}, {"0.40": "50"}),
    )
    assert {(each.kind, each.group) for each in feed(made, cheap)} == {
        ("buy_all_no", "polymarket:e"),
        ("cross_venue", "pair:a"),
    }
