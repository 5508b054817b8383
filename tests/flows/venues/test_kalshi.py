"""Messages of Kalshi's WebSocket: each token gets a full book from the market's two sides of bids."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.instruments import instrument_id
from flows.venues.kalshi import Kalshi
from flows.venues.row_buffer import MarketChange, RowBuffer
from tests.flows.venues.decoded import RECEIVED, as_values, decode_messages

AT_MS = 1_799_999_999_123
AT = AT_MS * 1_000_000
YES, NO = "kalshi:RAIN-26:yes", "kalshi:RAIN-26:no"


def snapshot(seq: int = 1, ticker: str = "RAIN-26", sid: int = 2, **levels: Any) -> dict[str, Any]:
    return {"type": "orderbook_snapshot", "sid": sid, "seq": seq, "msg": {"market_ticker": ticker, **levels}}


def delta(seq: int, **other: Any) -> dict[str, Any]:
    step = {"market_ticker": "RAIN-26", "price_dollars": "0.2200", "delta_fp": "-54.00", "side": "yes", "ts_ms": AT_MS}
    return {"type": "orderbook_delta", "sid": 2, "seq": seq, "msg": {**step, **other}}


def trade(**other: Any) -> dict[str, Any]:
    told = {
        "trade_id": "t-1", "market_ticker": "RAIN-26", "yes_price_dollars": "0.3600", "no_price_dollars": "0.6400",
        "count_fp": "136.50", "taker_outcome_side": "no", "is_block_trade": False, "ts_ms": AT_MS,
    }  # fmt: skip
    return {"type": "trade", "sid": 3, "seq": 1, "msg": {**told, **other}}


def test_a_bid_for_no_is_an_offer_of_yes() -> None:
    found = decode_messages(snapshot(yes_dollars_fp=[["0.22", "333.00"]], no_dollars_fp=[["0.5400", "20.50"]]))
    assert found.rejects == []
    assert found.quotes == [
        (RECEIVED, YES, "CLEAR", 0, 0.0, 0.0),
        (RECEIVED, NO, "CLEAR", 0, 0.0, 0.0),
        (RECEIVED, YES, "LEVEL", 1, 0.22, 333.0),
        (RECEIVED, NO, "LEVEL", -1, 0.78, 333.0),
        (RECEIVED, NO, "LEVEL", 1, 0.54, 20.5),
        (RECEIVED, YES, "LEVEL", -1, 0.46, 20.5),
        (RECEIVED, YES, "READY", 0, 0.0, 0.0),
        (RECEIVED, NO, "READY", 0, 0.0, 0.0),
    ]


def test_an_empty_book_and_the_names_of_april() -> None:
    assert [row[2] for row in decode_messages(snapshot()).quotes] == ["CLEAR", "CLEAR", "READY", "READY"]
    old, new = snapshot(yes=[["0.22", "3"]], no=[]), snapshot(yes_dollars_fp=[["0.22", "3"]])
    assert decode_messages(old).quotes == decode_messages(new).quotes


def test_changes_apply_to_both_tokens() -> None:
    assert decode_messages(snapshot(), delta(2), delta(3, side="no", delta_fp="7")).quotes[4:] == [
        (AT, YES, "CHANGE", 1, 0.22, -54.0),
        (AT, NO, "CHANGE", -1, 0.78, -54.0),
        (AT, NO, "CHANGE", 1, 0.22, 7.0),
        (AT, YES, "CHANGE", -1, 0.78, 7.0),
    ]


def test_prices_of_yes_for_bids_for_no_are_converted_on_request() -> None:
    buffer, kalshi = RowBuffer("x"), Kalshi(use_yes_price=True)
    buffer.begin(1, RECEIVED, b"")
    kalshi.decode(
        b'{"type":"orderbook_delta","sid":1,"seq":1,"msg":{"market_ticker":"A","price_dollars":"0.46",'
        b'"delta_fp":"2","side":"no"}}',
        buffer,
    )
    assert as_values(buffer, buffer.drain()).quotes == [
        (RECEIVED, "kalshi:A:no", "CHANGE", 1, 0.54, 2.0),
        (RECEIVED, "kalshi:A:yes", "CHANGE", -1, 0.46, 2.0),
    ]


DROPPED = [(RECEIVED, name, "DROP", 0, 0.0, 0.0) for name in sorted((YES, NO), key=instrument_id)]


@pytest.mark.parametrize(
    "message",
    [delta(3), delta(1), {"type": "subscribed", "id": 1, "msg": {"channel": "orderbook_delta", "sid": 2}}],
)
def test_a_missing_message_drops_the_books_of_its_subscription(message: dict[str, Any]) -> None:
    other = snapshot(ticker="SNOW-26", sid=5)
    assert decode_messages(snapshot(), other, message).quotes[8:10] == DROPPED
    assert len(decode_messages(snapshot(), other, delta(2)).quotes) == 8 + 2


def test_a_change_that_cannot_be_read_drops_them_too() -> None:
    found = decode_messages(snapshot(), delta(2, price_dollars="1.2"))
    assert found.rejects == ["orderbook_delta: price is not between 0 and 1"]
    assert found.quotes[4:] == DROPPED


@pytest.mark.parametrize(
    ("message", "name", "price"),
    [
        (trade(), NO, 0.64),
        (trade(taker_outcome_side="yes"), YES, 0.36),
        (trade(taker_outcome_side=None, taker_side="no"), NO, 0.64),
        (
            {"trades": [{**trade(ticker="RAIN-26", created_time="2027-01-15T07:59:59.123Z", ts_ms=None)["msg"]}]},
            NO,
            0.64,
        ),
    ],
)
def test_a_trade_is_a_purchase_on_the_takers_side(message: dict[str, Any], name: str, price: float) -> None:
    (row,) = decode_messages(message).trades
    assert row[:4] == (AT, instrument_id(name), price, 136.5)
    assert row[4] == decode_messages(trade(ts_ms=AT_MS + 1)).trades[0][4] or price == 0.36
    assert row[5:] == (0, 1, 0, 0, 0)


def test_trades_outside_of_the_book_are_counted() -> None:
    found = decode_messages(
        trade(is_block_trade=True), {"type": "ticker", "sid": 1, "msg": {"yes_bid": 5}}, {"type": "x", "msg": {}}
    )
    assert found.trades == []
    assert found.ignored == {"block trade": 1, "ticker": 1, "x": 1}


def test_a_market_changes_state() -> None:
    def life(kind: str, **other: Any) -> dict[str, Any]:
        return {
            "type": "market_lifecycle_v2",
            "sid": 7,
            "msg": {"event_type": kind, "market_ticker": "RAIN-26", **other},
        }

    found = decode_messages(
        life("created"), life("activated"), life("deactivated"), life("determined", result="no"),
        life("settled", settlement_value="0.00"), life("settled", settlement_value="0.5000"), life("settled"),
    )  # fmt: skip
    name = "kalshi:RAIN-26"
    assert found.changes == [
        MarketChange(name, "open"),
        MarketChange(name, "paused"),
        MarketChange(name, "closed"),
        MarketChange(name, "resolved", NO),
        MarketChange(name, "resolved"),
    ]
    assert found.ignored == {"market_lifecycle_v2/created": 1}
    assert found.rejects == ["market_lifecycle_v2: settlement value is none of 0, 0.5 and 1"]


@pytest.mark.parametrize(
    ("message", "reason"),
    [
        (trade(count_fp=None), "trade: its side, price or size is missing"),
        (trade(no_price_dollars="0"), "trade: price is not between 0 and 1"),
        (snapshot(yes=[[50, 3]]), "orderbook_snapshot: Expected `str`, got `int` - at `$.yes[0][0]`"),
        (snapshot(yes=[["0.5", "-1"]]), "orderbook_snapshot: size is negative"),
        (snapshot(ticker=""), "orderbook_snapshot: ticker is missing"),
        (delta(1, ts_ms=1 << 70), "orderbook_delta: timestamp is more than 5 s ahead of its receive time"),
        ({"msg": 1}, "message: Object missing required field `type`"),
    ],
)
def test_invalid_messages_are_rejected_with_a_reason(message: dict[str, Any], reason: str) -> None:
    found = decode_messages(message)
    assert (found.rejects, found.trades) == ([reason], [])
    assert {row[2] for row in found.quotes} <= {"DROP"}


levels = st.dictionaries(st.integers(1, 999), st.integers(1, 10**7), max_size=5)


@given(levels, levels)
def test_the_identity_of_crossed_books(yes: dict[int, int], no: dict[int, int]) -> None:
    """The best ask of yes is 1 less the best bid for no, always; below 1 together, the books are crossed."""

    def written(side: dict[int, int]) -> list[list[str]]:
        return [[f"{price / 1000:.3f}", f"{size / 100:.2f}"] for price, size in side.items()]

    rows = decode_messages(snapshot(yes_dollars_fp=written(yes), no_dollars_fp=written(no))).quotes
    asks = {name: [row[4] for row in rows if row[1:4:2] == (name, -1) and row[2] == "LEVEL"] for name in (YES, NO)}
    bids = {name: [row[4] for row in rows if row[1:4:2] == (name, 1) and row[2] == "LEVEL"] for name in (YES, NO)}
    assert bids == {YES: [price / 1000 for price in yes], NO: [price / 1000 for price in no]}
    if yes and no:
        ask_yes, ask_no = min(asks[YES]), min(asks[NO])
        assert ask_yes == pytest.approx(1 - max(bids[NO]))
        assert (round(ask_yes + ask_no, 9) < 1) == (max(yes) + max(no) > 1_000)
