"""Pairs under a dollar: each verdict has its reason, and opportunities agree with those of the dataflow."""

from decimal import Decimal as D
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.arbitrage import ArbitrageSettings
from flows.cheap_pairs import CheapPair, CheapPairs
from flows.sources.market_files import MarketFiles
from operators.catalogue import catalogue
from operators.spot_arbitrage import SpotArbitrage
from tests.flows.sources.test_market_files import items_of
from tests.flows.sources.test_market_trades import recorded
from tests.flows.venues.decoded import RECEIVED
from tests.flows.venues.test_polymarket_gamma import market

SHIPPED = ArbitrageSettings()
MS = RECEIVED // 1_000_000
Levels = dict[str, str]


def book(token: str, at_ms: int, asks: Levels, bids: Levels | None = None) -> dict[str, Any]:
    sides = {
        name: [{"price": price, "size": size} for price, size in side.items()]
        for name, side in (("bids", bids or {}), ("asks", asks))
    }
    return {"event_type": "book", "asset_id": token, "timestamp": str(MS + at_ms), **sides}


def opened(folder: Path, *sent: list[dict[str, Any]], **terms: Any) -> MarketFiles:
    given_ = {"feesEnabled": True, "feeSchedule": {"rate": 0.04, "exponent": 1}, **terms}
    return MarketFiles([recorded(folder, market(1, **given_), *sent)])


def pairs(files: MarketFiles, rule: ArbitrageSettings = SHIPPED) -> list[CheapPair]:
    return list(CheapPairs(rule).read(files.decoded_messages()))


def both(at_ms: int, yes: Levels, no: Levels) -> list[dict[str, Any]]:
    return [book("11", at_ms, yes), book("12", at_ms, no)]


@pytest.mark.parametrize(
    ("sent", "verdict", "why"),
    [
        (
            both(0, {"0.49": "100"}, {"0.50": "100"}),
            "fees",
            "fees of $0.0200 a set leave $-0.0100 of the $0.0100",
        ),
        (
            both(0, {"0.40": "8"}, {"0.50": "100"}),
            "depth",
            "4 sets pay after fees at 50% of what is shown, and an order has at least 5",
        ),
        (
            both(0, {"0.48": "12"}, {"0.49": "100"}),
            "profit",
            "6 sets bring $0.0401 after fees and gas, under $0.10",
        ),
        (
            both(0, {"0.40": "100"}, {"0.50": "100"}),
            "seen_once",
            "50 sets bring $4.0000 after fees and gas, but two books of one pool contradict each other, so far once",
        ),
        (
            [book("11", 0, {"0.40": "100"}, {"0.45": "9"}), book("12", 0, {"0.50": "100"})],
            "crossed",
            "a book is crossed, so that its prices cannot be had",
        ),
        (
            [book("11", 0, {"0.40": "100"}, {"0.40": "9"}), book("12", 0, {"0.50": "100"})],
            "crossed",
            "a book is crossed, so that its prices cannot be had",
        ),
    ],
)
def test_each_verdict_has_its_reason(tmp_path: Path, sent: Any, verdict: str, why: str) -> None:
    found = pairs(opened(tmp_path, sent))
    assert [(one.market, one.verdict, one.why) for one in found] == [("win-1", verdict, why)]


def test_a_pair_seen_twice_is_an_opportunity(tmp_path: Path) -> None:
    sent = [both(at, {"0.40": "100"}, {"0.50": "100"}) for at in (0, 1, 2)]
    assert [one.verdict for one in pairs(opened(tmp_path, *sent))] == ["seen_once", "opportunity"]


def test_a_pair_that_reappears_is_reported_again(tmp_path: Path) -> None:
    here, gone = ({"0.49": "100"}, {"0.50": "100"}), ({"0.50": "100"}, {"0.50": "100"})
    found = pairs(opened(tmp_path, both(0, *here), both(1, *gone), both(2, *here)))
    assert [(one.verdict, one.asks) for one in found] == [("fees", "0.99")] * 2


def test_books_of_different_times_do_not_count_as_seen_twice(tmp_path: Path) -> None:
    once = both(0, {"0.40": "100"}, {"0.50": "100"})
    found = pairs(opened(tmp_path, once, [book("11", 1, {"0.40": "100"})], [book("12", 2, {"0.50": "100"})]))
    assert [one.verdict for one in found] == ["seen_once"]


def test_sets_are_whole_lots(tmp_path: Path) -> None:
    (found,) = pairs(opened(tmp_path, both(0, {"0.40": "50.123456"}, {"0.50": "100"})))
    assert (found.size_shown, found.why.partition(" ")[0]) == ("50.12", "25.06")


def test_a_missing_fee_schedule_is_mentioned(tmp_path: Path) -> None:
    (found,) = pairs(opened(tmp_path, both(0, {"0.49": "100"}, {"0.50": "100"}), feeSchedule=None))
    assert found.why == "fees of $0.0350 a set, the highest since none is published, leave $-0.0250 of the $0.0100"


@pytest.mark.parametrize("status", [{"closed": True, "outcomePrices": '["1", "0"]'}, {"acceptingOrders": False}])
def test_a_market_without_orders_is_skipped(tmp_path: Path, status: dict[str, Any]) -> None:
    assert pairs(opened(tmp_path, both(0, {"0.40": "100"}, {"0.50": "100"}), **status)) == []


cents = st.integers(30, 65).map(lambda each: str(D(each) / 100))
sizes = st.integers(1, 60).map(str)
ladder = st.dictionaries(cents, sizes, min_size=1, max_size=3)


@settings(max_examples=60)
@given(st.lists(st.tuples(ladder, ladder), min_size=1, max_size=4), st.sampled_from([0.0, 0.02]))
def test_opportunities_match_those_of_the_dataflow(tmp_path_factory: Any, books: list[Any], gas: float) -> None:
    rule = ArbitrageSettings(gas=gas, stale_s=1e6)
    sent = [both(at, yes, no) for at, (yes, no) in enumerate(books)]
    files = opened(tmp_path_factory.mktemp("x"), *sent)
    machine = SpotArbitrage(rule, [kind for kind in catalogue().arbitrages if kind.name == "buy_pair"])
    changes = [
        each for _, block in items_of(files) for one in machine.on_batch([block])[0] for each in one.opportunities
    ]
    opens = {one.updated_at: one for one in changes if one.change == "opened"}
    paying = {one.at: one for one in pairs(files, rule) if one.verdict == "opportunity"}
    assert opens.keys() <= paying.keys()
    assert bool(opens) == bool(paying)
    for at, one in opens.items():
        assert paying[at].why == f"{one.size} sets bring ${one.net:.4f} after fees and gas"


def test_changes_of_books_and_mismatches_are_followed(tmp_path: Path) -> None:
    step = {"price": "0.40", "side": "SELL"}

    def change(at_ms: int, token: str, size: str, best: str) -> dict[str, Any]:
        steps = [{**step, "asset_id": token, "size": size, "best_bid": "", "best_ask": best}]
        return {"event_type": "price_change", "timestamp": str(MS + at_ms), "price_changes": steps}

    start = both(0, {"0.55": "100"}, {"0.50": "100"})
    assert pairs(opened(tmp_path, start)) == []
    (found,) = pairs(opened(tmp_path, start, [change(1, "11", "100", "0.4")]))
    assert (found.asks, found.verdict) == ("0.9", "seen_once")
    *_, less = pairs(opened(tmp_path, start, [change(1, "11", "100", "0.4")], [change(2, "11", "8", "0.4")]))
    assert (less.size_shown, less.verdict) == ("8", "depth"), "a size is replaced, not added"
    assert pairs(opened(tmp_path, start, [change(1, "11", "100", "0.41")])) == [], "the book is wrong"
    gone = pairs(opened(tmp_path, start, [change(1, "11", "100", "0.4")], [change(2, "11", "0", "0.55")]))
    assert len(gone) == 1
