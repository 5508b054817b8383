"""Events of the market channel become order book updates, trades and market changes."""

from collections import Counter
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.blocks import NO_ID
from domain.markets import FeeSchedule, Market, Token
from flows.venues.row_buffer import MarketChange
from tests.flows.venues.decoded import RECEIVED, Decoded, decode_messages

AT_MS = 1_799_999_999_000
AT = AT_MS * 1_000_000
A, B = "polymarket:11", "polymarket:22"
BOOK = {
    "event_type": "book", "market": "0xm", "asset_id": "11", "timestamp": str(AT_MS), "hash": "0x0", "new_key": [1],
    "bids": [{"price": "0.48", "size": "30"}, {"price": "0.50", "size": "15.25"}],
    "asks": [{"price": "0.53", "size": "60"}, {"price": "0.52", "size": "25"}],
}  # fmt: skip
BOOK_ROWS = [
    (AT, A, "CLEAR", 0, 0.0, 0.0),
    (AT, A, "LEVEL", 1, 0.48, 30.0),
    (AT, A, "LEVEL", 1, 0.5, 15.25),
    (AT, A, "LEVEL", -1, 0.53, 60.0),
    (AT, A, "LEVEL", -1, 0.52, 25.0),
    (AT, A, "READY", 0, 0.0, 0.0),
]
STEP = {"asset_id": "11", "price": "0.6", "side": "BUY", "size": "0", "hash": "h", "best_bid": "0.5", "best_ask": "1"}
TRADE = {
    "event_type": "last_trade_price", "market": "0xm", "asset_id": "11", "timestamp": str(AT_MS), "price": "0.491",
    "size": "85.36", "side": "SELL", "fee_rate_bps": "0", "transaction_hash": "0xT",
}  # fmt: skip


def changes(*steps: dict[str, Any]) -> dict[str, Any]:
    return {"event_type": "price_change", "market": "0xm", "timestamp": str(AT_MS), "price_changes": list(steps)}


def rows(*messages: Any) -> list[tuple[Any, ...]]:
    found = decode_messages(*messages)
    assert found.rejects == []
    return found.quotes


@pytest.mark.parametrize("message", [BOOK, [BOOK], {key: BOOK[key] for key in BOOK if key != "event_type"}])
def test_a_book_is_a_clear_its_levels_and_a_ready(message: Any) -> None:
    assert rows(message) == BOOK_ROWS


def test_an_empty_book_is_a_book() -> None:
    assert [row[2] for row in rows({**BOOK, "bids": [], "asks": []})] == ["CLEAR", "READY"]


def test_best_prices_follow_all_changes_of_a_message() -> None:
    second = {**STEP, "price": "0.5", "size": "7", "best_bid": "0.5", "best_ask": ""}
    other = {"asset_id": "22", "price": "0.4", "side": "SELL", "size": "1", "best_bid": "0", "best_ask": "0.4"}
    assert rows(changes(STEP, second, other)) == [
        (AT, A, "LEVEL", 1, 0.6, 0.0),
        (AT, A, "LEVEL", 1, 0.5, 7.0),
        (AT, B, "LEVEL", -1, 0.4, 1.0),
        (AT, A, "TOP", 1, 0.5, 0.0),
        (AT, A, "TOP", -1, 0.0, 0.0),
        (AT, B, "TOP", 1, 0.0, 0.0),
        (AT, B, "TOP", -1, 0.4, 0.0),
    ]


def test_the_older_form_holds_one_change_and_no_best_prices() -> None:
    old = {
        "event_type": "price_change",
        "asset_id": "11",
        "timestamp": AT_MS,
        "price": "0.6",
        "side": "BUY",
        "size": "3",
    }
    assert rows(old) == [(AT, A, "LEVEL", 1, 0.6, 3.0)]


def test_a_trade_has_a_fingerprint_and_no_wallet() -> None:
    (trade,) = decode_messages(TRADE).trades
    assert trade[0] == AT
    assert trade[2:4] == (0.491, 85.36)
    assert trade[4] < NO_ID
    assert trade[5:] == (0, -1, 0, 0, 0)
    (nameless,) = decode_messages({key: TRADE[key] for key in TRADE if key != "transaction_hash"}).trades
    assert nameless[4] == NO_ID


def test_tick_sizes_and_best_prices_are_rows() -> None:
    tick = {"event_type": "tick_size_change", "asset_id": "11", "new_tick_size": "0.001", "timestamp": str(AT_MS)}
    best = {"event_type": "best_bid_ask", "asset_id": "22", "best_bid": "0.73", "best_ask": "0.77", "timestamp": AT_MS}
    assert rows(tick, best) == [
        (AT, A, "TICK", 0, 0.001, 0.0),
        (AT, B, "TOP", 1, 0.73, 0.0),
        (AT, B, "TOP", -1, 0.77, 0.0),
    ]


def test_markets_begin_and_end() -> None:
    new = {
        "event_type": "new_market", "market": "0xm", "question": "Rain?", "slug": "rain", "assets_ids": ["11", "22"],
        "outcomes": ["Yes", "No"], "event_message": {"id": "7"}, "order_price_min_tick_size": "0.001",
        "fees_enabled": True, "fee_schedule": {"rate": 0.05, "exponent": 1, "takerOnly": True},
    }  # fmt: skip
    resolved = {"event_type": "market_resolved", "market": "0xm", "winning_asset_id": "22", "winning_outcome": "No"}
    market = Market(
        name="polymarket:0xm",
        slug="rain",
        question="Rain?",
        group="polymarket:7",
        yes=Token(name=A, outcome="Yes"),
        no=Token(name=B, outcome="No"),
        fees=FeeSchedule(kind="polymarket", rate=Decimal("0.05")),
        tick=Decimal("0.001"),
        minimum_size=Decimal(5),
        mirrored=True,
    )
    found = decode_messages(new, resolved)
    assert found.rejects == []
    assert found.changes == [
        MarketChange("polymarket:0xm", "open", opened=market),
        MarketChange("polymarket:0xm", "resolved", "polymarket:22"),
    ]


@pytest.mark.parametrize(
    ("message", "reason"),
    [
        ({**BOOK, "bids": [{"price": "1", "size": "3"}]}, "book: price is not between 0 and 1"),
        ({**BOOK, "bids": [{"price": "0", "size": "3"}]}, "book: price is not between 0 and 1"),
        ({**BOOK, "asks": [{"price": "0.5", "size": "-3"}]}, "book: size is negative"),
        ({**BOOK, "asks": [{"price": "x", "size": "3"}]}, "book: 'x' is not a number"),
        ({**BOOK, "asks": [{"price": 0.5, "size": "3"}]}, "book: Expected `str`, got `float` - at `$.asks[0].price`"),
        ({**BOOK, "timestamp": "0"}, "book: timestamp is out of range"),
        ({**BOOK, "timestamp": "99"}, "book: time is missing or before 1971"),
        (
            {**BOOK, "timestamp": str(AT_MS + 10_000)},
            "book: timestamp is more than 5 s ahead of its receive time",
        ),
        (changes({**STEP, "side": "HOLD"}), "price_change: side 'HOLD' is neither BUY nor SELL"),
        (changes({**STEP, "price": "2"}), "price_change: price is not between 0 and 1"),
        (changes({**STEP, "best_bid": "7"}), "price_change: best price is not between 0 and 1"),
        ({**TRADE, "size": "0"}, "last_trade_price: size is not a positive number"),
        ({**TRADE, "price": "1"}, "last_trade_price: price is not between 0 and 1"),
    ],
)
def test_invalid_messages_are_rejected_and_drop_their_book(message: dict[str, Any], reason: str) -> None:
    dropped = [] if message["event_type"] == "last_trade_price" else [(RECEIVED, A, "DROP", 0, 0.0, 0.0)]
    found = decode_messages(message)
    assert (found.rejects, found.trades) == ([reason], [])
    assert found.quotes[-1:] == dropped


def test_one_bad_change_spoils_its_own_book_alone() -> None:
    good = {"asset_id": "22", "price": "0.4", "side": "SELL", "size": "1"}
    found = decode_messages(changes({**STEP, "price": "x", "best_bid": None, "best_ask": None}, good))
    assert found.rejects == ["price_change: 'x' is not a number"]
    assert found.quotes == [(RECEIVED, A, "DROP", 0, 0.0, 0.0), (AT, B, "LEVEL", -1, 0.4, 1.0)]


def test_a_token_without_a_name_is_refused() -> None:
    for token in ("", "1 1", "1" * 300):
        assert decode_messages({**BOOK, "asset_id": token}) == Decoded(
            [], [], [], [], ["book: token is missing or malformed"], Counter()
        )


def test_unknown_types_are_counted() -> None:
    assert decode_messages({"event_type": "party"}, {"event_type": "party"}, b"PONG", b"").ignored == {
        "party": 2,
        "keepalive": 2,
    }


levels = st.lists(st.tuples(st.integers(1, 999), st.integers(1, 10**9)), max_size=6, unique_by=lambda level: level[0])


@given(levels, levels)
def test_books_round_trip_exactly(bids: list[tuple[int, int]], asks: list[tuple[int, int]]) -> None:
    def written(told: list[tuple[int, int]]) -> list[dict[str, str]]:
        return [{"price": str(Decimal(p) / 1000), "size": str(Decimal(s) / 100)} for p, s in told]

    found = rows({**BOOK, "bids": written(bids), "asks": written(asks)})
    expected = [(1, p / 1000, s / 100) for p, s in bids] + [(-1, p / 1000, s / 100) for p, s in asks]
    assert [row[2:] for row in found[1:-1]] == [("LEVEL", *level) for level in expected]
    assert (found[0][2], found[-1][2]) == ("CLEAR", "READY")
