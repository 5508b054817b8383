"""All recorded messages of prediction markets, and malformed ones."""

import gzip
import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.blocks import TRADE, markets_block, read_block
from domain.quotes import MESSAGE_END, QUOTE
from flows.sources.inputs import RAW_BYTES
from flows.venues.prediction import PredictionDecoder
from flows.venues.row_buffer import TYPES_COUNTED, RowBuffer, rows_of
from tests.flows.venues.decoded import RECEIVED, as_values, decode_messages
from tests.recordings import recording

CLOB_MARKET = {"market of the book": 1}
NO_BOOK = "market: it has no price grid or no least order, so no order book"
NO_OUTCOMES = "market: Object missing required field `outcomes`"
KALSHI_OTHERS = {
    "subscribed": 2, "error": 3, "ticker": 11, "fill": 5, "market_positions": 3, "user_orders": 2,
    "order_group_updates": 3, "market_lifecycle_v2/created": 1, "multivariate": 3,
    "multivariate_market_lifecycle": 1, "communications": 2,
}  # fmt: skip
PAYLOADS: dict[str, dict[str, Any]] = {
    "polymarket/books_run_20260311T214149Z.jsonl.gz": {"quotes": 4730},
    "polymarket/ladder.jsonl.gz": {"quotes": 8377, "groups": {"single": 203}},
    "polymarket/payloads/py_http_responses__book.json": {"quotes": 14},
    "polymarket/payloads/py_http_responses__event.json": {
        "rejects": {"market: Object missing required field `outcomes`": 3}
    },
    "polymarket/payloads/py_http_responses__events_list.json": {
        "rejects": {"market: Object missing required field `question`": 3}
    },
    "polymarket/payloads/py_http_responses__market.json": {"ignored": CLOB_MARKET},
    "polymarket/payloads/py_http_responses__market_slug.json": {"rejects": {NO_OUTCOMES: 1}},
    "polymarket/payloads/py_http_responses__markets.json": {"ignored": {"market of the book": 100}},
    "polymarket/payloads/py_http_responses__markets_list.json": {
        "rejects": {"market: Object missing required field `outcomes`": 3}
    },
    "polymarket/payloads/py_http_responses__trades.json": {"trades": 4},
    "polymarket/payloads/py_ws_messages__book.json": {"quotes": 164},
    "polymarket/payloads/py_ws_messages__last_trade_price.json": {"trades": 1},
    "polymarket/payloads/py_ws_messages__order_cancel.json": {"ignored": {"order": 1}},
    "polymarket/payloads/py_ws_messages__order_placement.json": {"ignored": {"order": 1}},
    "polymarket/payloads/py_ws_messages__price_change.json": {"quotes": 1},
    "polymarket/payloads/py_ws_messages__price_change_v2.json": {"quotes": 5},
    "polymarket/payloads/py_ws_messages__tick_size_change.json": {"quotes": 1},
    "polymarket/payloads/py_ws_messages__trades.json": {"ignored": {"trade of an account": 1}},
    "polymarket/payloads/py_ws_messages__user_trade1.json": {"ignored": {"trade": 1}},
    "polymarket/payloads/py_ws_messages__user_trade2.json": {"ignored": {"trade": 1}},
    "polymarket/payloads/py_ws_messages__user_trade3.json": {"ignored": {"trade": 1}},
    "polymarket/payloads/py_ws_messages__user_trade4.json": {"ignored": {"trade": 1}},
    "polymarket/payloads/rs_clob_book_response.json": {"quotes": 8},
    "polymarket/payloads/rs_clob_fee_rate_response_nonzero.json": {"ignored": {"fee rate": 1}},
    "polymarket/payloads/rs_clob_fee_rate_response_zero.json": {"ignored": {"fee rate": 1}},
    "polymarket/payloads/rs_clob_market_closed_binary_accepting_false.json": {"ignored": CLOB_MARKET},
    "polymarket/payloads/rs_clob_market_closed_binary_accepting_true.json": {"ignored": CLOB_MARKET},
    "polymarket/payloads/rs_data_api_positions_response.json": {"ignored": {"position": 4}},
    "polymarket/payloads/rs_data_api_trades_response.json": {"trades": 3},
    "polymarket/payloads/rs_gamma_event.json": {"groups": {"event": 1}},
    "polymarket/payloads/rs_gamma_market.json": {"groups": {"single": 1}},
    "polymarket/payloads/rs_gamma_market_closed_binary_accepting_false.json": {"groups": {"single": 1}},
    "polymarket/payloads/rs_gamma_market_closed_binary_accepting_true.json": {"groups": {"single": 1}},
    "polymarket/payloads/rs_gamma_market_closed_nonbinary_legacy.json": {"rejects": {NO_BOOK: 1}},
    "polymarket/payloads/rs_gamma_market_closed_zero_zero_legacy.json": {"rejects": {NO_BOOK: 1}},
    "polymarket/payloads/rs_gamma_market_sports_market_map_handicap.json": {"groups": {"single": 1}},
    "polymarket/payloads/rs_gamma_market_sports_market_money_line.json": {"groups": {"single": 1}},
    "polymarket/payloads/rs_gamma_tags.json": {"ignored": {"tag": 5}},
    "polymarket/payloads/rs_http_trades_page.json": {"ignored": {"trade of an account": 1}},
    "polymarket/payloads/rs_rtds_crypto_prices_subscribe.json": {"ignored": {"crypto_prices/subscribe": 1}},
    "polymarket/payloads/rs_rtds_crypto_prices_update.json": {"ignored": {"crypto_prices/update": 1}},
    "polymarket/payloads/rs_rtds_equity_prices_subscribe.json": {"ignored": {"equity_prices/subscribe": 1}},
    "polymarket/payloads/rs_rtds_equity_prices_update.json": {"ignored": {"equity_prices/update": 1}},
    "polymarket/payloads/rs_search_response.json": {"groups": {"single": 1}},
    "polymarket/payloads/rs_ws_book_snapshot.json": {"quotes": 8},
    "polymarket/payloads/rs_ws_last_trade.json": {"trades": 1},
    "polymarket/payloads/rs_ws_market_best_bid_ask_msg.json": {"quotes": 2},
    "polymarket/payloads/rs_ws_market_book_msg.json": {"quotes": 6},
    "polymarket/payloads/rs_ws_market_last_trade_msg.json": {"trades": 1},
    "polymarket/payloads/rs_ws_market_new_market_msg.json": {"changes": ["open"]},
    "polymarket/payloads/rs_ws_market_price_change_msg.json": {"quotes": 3},
    "polymarket/payloads/rs_ws_market_resolved_msg.json": {"changes": ["resolved"]},
    "polymarket/payloads/rs_ws_market_tick_size_msg.json": {"quotes": 1},
    "polymarket/payloads/rs_ws_quotes.json": {"quotes": 6},
    "polymarket/payloads/rs_ws_tick_size_change.json": {"quotes": 1},
    "polymarket/realtime_whale_trades.json.gz": {"trades": 9822, "rejects": {"trade: market is missing": 2}},
    "venues/kalshi/nolicence/kalshi_orderbook_real_sample.json": {"quotes": 70},
    "venues/kalshi/nolicence/kalshi_orderbook_two_sided.json": {"quotes": 58},
    "venues/kalshi/nolicence/ws_demo_2026-08_acks_empty_book.jsonl": {"quotes": 4, "ignored": {"subscribed": 2}},
    "venues/kalshi/ws_handwritten_spec_2026.jsonl": {
        "quotes": 14,
        "trades": 1,
        "ignored": {"subscribed": 1, "error": 1},
    },
    "venues/kalshi/ws_sdk_tests.jsonl": {
        "quotes": 54,
        "trades": 1,
        "changes": ["open", "closed", "resolved"],
        "rejects": {"trade: its side, price or size is missing": 4},
        "ignored": KALSHI_OTHERS,
    },
    "venues/polymarket/data_v2_trades_page.json": {"trades": 2},
    "venues/polymarket/data_v2_trades_rows.json": {"trades": 2},
    "venues/polymarket/data_v2_user_stats.json": {"ignored": {"statistics of a wallet": 1}},
    "venues/polymarket/nautilus_lgpl/clob_book_response.json": {"quotes": 8},
    "venues/polymarket/nautilus_lgpl/data_api_trades_response.json": {"trades": 3},
    "venues/polymarket/nautilus_lgpl/gamma_event.json": {"groups": {"event": 1}},
    "venues/polymarket/nautilus_lgpl/gamma_market.json": {"groups": {"single": 1}},
    "venues/polymarket/nautilus_lgpl/gamma_market_sports_market_money_line.json": {"groups": {"single": 1}},
    "venues/polymarket/nautilus_lgpl/py_book.json": {"quotes": 164},
    "venues/polymarket/nautilus_lgpl/py_last_trade_price.json": {"trades": 1},
    "venues/polymarket/nautilus_lgpl/py_price_change.json": {"quotes": 1},
    "venues/polymarket/nautilus_lgpl/py_price_change_v2.json": {"quotes": 5},
    "venues/polymarket/nautilus_lgpl/py_tick_size_change.json": {"quotes": 1},
    "venues/polymarket/nautilus_lgpl/py_trades.json": {"ignored": {"trade of an account": 1}},
    "venues/polymarket/nautilus_lgpl/rtds_crypto_prices_update.json": {"ignored": {"crypto_prices/update": 1}},
    "venues/polymarket/nautilus_lgpl/ws_book_snapshot.json": {"quotes": 8},
    "venues/polymarket/nautilus_lgpl/ws_market_best_bid_ask_msg.json": {"quotes": 2},
    "venues/polymarket/nautilus_lgpl/ws_market_book_msg.json": {"quotes": 6},
    "venues/polymarket/nautilus_lgpl/ws_market_last_trade_msg.json": {"trades": 1},
    "venues/polymarket/nautilus_lgpl/ws_market_new_market_msg.json": {"changes": ["open"]},
    "venues/polymarket/nautilus_lgpl/ws_market_price_change_msg.json": {"quotes": 3},
    "venues/polymarket/nautilus_lgpl/ws_market_resolved_msg.json": {"changes": ["resolved"]},
    "venues/polymarket/nautilus_lgpl/ws_market_tick_size_msg.json": {"quotes": 1},
    "venues/polymarket/nautilus_lgpl/ws_quotes.json": {"quotes": 6},
    "venues/polymarket/nolicence/gamma_btc5m_markets_2026-07-24_trim.jsonl": {"groups": {"single": 3}},
    "venues/polymarket/nolicence/rtds_activity_trade_2026-08-19.json": {"ignored": {"activity/trades": 1}},
}


def payloads(path: Path) -> list[bytes]:
    """The messages in a file."""
    content = path.read_bytes()
    content = gzip.decompress(content) if path.suffix == ".gz" else content
    return content.splitlines() if "jsonl" in path.name else [content]


def came(path: Path) -> dict[str, Any]:
    """Number of rows of each kind decoded from a file."""
    buffer, prediction = RowBuffer(path.name), PredictionDecoder()
    for position, payload in enumerate(payloads(path), 1):
        buffer.begin(position, RECEIVED, payload)
        prediction.decode(payload, buffer)
    found = as_values(buffer, buffer.drain())
    counts = {
        "quotes": len(found.quotes),
        "trades": len(found.trades),
        "groups": Counter(group.kind for group in found.groups),
        "changes": [change.status for change in found.changes],
        "rejects": Counter(found.rejects),
        "ignored": found.ignored,
    }
    return {what: count for what, count in counts.items() if count}


def test_every_recorded_payload_is_read_or_refused_for_a_reason() -> None:
    root = recording("polymarket").parent
    folders = [root / name for name in ("polymarket", "venues/polymarket", "venues/kalshi")]
    files = [path for folder in folders for path in folder.rglob("*") if path.is_file()]
    assert {str(path.relative_to(root)): came(path) for path in files} == PAYLOADS


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)


def templates() -> list[dict[str, Any]]:
    """One message of every kind."""
    stamp = str(RECEIVED // 1_000_000)
    step = {"asset_id": "11", "price": "0.6", "side": "BUY", "size": "3", "best_bid": "0.5", "best_ask": "0.7"}
    market = {
        "conditionId": "0x1", "question": "Above $5?", "slug": "s", "outcomes": '["Y", "N"]',
        "clobTokenIds": '["1", "2"]', "outcomePrices": '["1", "0"]', "closed": True, "orderPriceMinTickSize": 0.01,
        "orderMinSize": 5, "feeSchedule": {"rate": 0.07, "exponent": 1}, "endDate": "2027-01-01T00:00:00Z",
    }  # fmt: skip
    row: dict[str, Any] = {
        "asset": "1", "side": "BUY", "price": 0.5, "size": 2, "timestamp": 1_799_999_999, "proxyWallet": "0x1",
        "transactionHash": "0x2",
    }  # fmt: skip
    second = {"token_id": "1", "proxy_wallet": "0x1", "transaction_hash": "0x1"}
    second |= {key: row[key] for key in ("side", "price", "size", "timestamp")}
    book = {"asset_id": "1", "timestamp": stamp, "bids": [{"price": "0.4", "size": "1"}], "asks": []}
    contract = {"ticker": "T", "title": "t", "status": "active", "strike_type": "greater", "floor_strike": 3}
    levels = [["0.5", "3"]]
    change = {"market_ticker": "T", "price_dollars": "0.5", "delta_fp": "-1", "side": "no", "ts": 1_799_999_999}
    purchase = {"trade_id": "1", "market_ticker": "T", "yes_price_dollars": "0.5", "count_fp": "2", "taker_side": "yes"}
    settled = {"market_ticker": "T", "event_type": "settled", "settlement_value": "1"}
    return [
        {"event_type": "book", **book},
        {"event_type": "price_change", "timestamp": stamp, "price_changes": [step]},
        {"event_type": "price_change", "timestamp": stamp, **step},
        {"event_type": "last_trade_price", "timestamp": stamp, "transaction_hash": "0x1", **step},
        {"event_type": "tick_size_change", "asset_id": "1", "timestamp": stamp, "new_tick_size": "0.01"},
        {"event_type": "best_bid_ask", "asset_id": "1", "timestamp": stamp, "best_bid": "0.1", "best_ask": "0.2"},
        {
            "event_type": "new_market", "market": "0x1", "question": "q", "slug": "s", "assets_ids": ["1", "2"],
            "outcomes": ["Y", "N"], "event_message": {"id": "3"}, "order_price_min_tick_size": "0.01",
        },
        {"event_type": "market_resolved", "market": "0x1", "winning_asset_id": "1"},
        {"topic": "activity", "type": "orders_matched", "payload": row},
        row,
        second,
        {"timestamp": "2026-01-01T00:00:00Z", "wallet": "0x1", "market": "m", "size": 1, "price": 0.5, "tx_hash": "0x"},
        market,
        {"id": "1", "slug": "s", "title": "t", "negRisk": True, "markets": [market]},
        {"type": "orderbook_snapshot", "sid": 1, "seq": 1, "msg": {"market_ticker": "T", "yes": levels, "no": levels}},
        {"type": "orderbook_delta", "sid": 1, "seq": 3, "msg": change},
        {"type": "trade", "sid": 1, "seq": 4, "msg": purchase},
        {"type": "market_lifecycle_v2", "msg": settled},
        {"event_ticker": "E", "series_ticker": "S", "title": "t", "markets": [contract, {**contract, "ticker": "U"}]},
    ]  # fmt: skip


def test_templates_are_good() -> None:
    assert [decode_messages(each).rejects for each in templates()] == [[]] * len(templates())


ODD = ["sNaN", "1e999999", "1e-999999", "Infinity", "9" * 400, "-1", 1e308, 10**400, "0x", ":", "9999-12-31T00:00:00Z"]
odd = json_values | st.sampled_from(ODD)


def spoiled(value: Any, path: list[int], by: Any) -> Any:
    """`value` with something in it, found by following `path`, replaced."""
    if not path or not isinstance(value, dict | list) or not value:
        return by
    if isinstance(value, list):
        at = path[0] % len(value)
        return [spoiled(each, path[1:], by) if place == at else each for place, each in enumerate(value)]
    key = sorted(value)[path[0] % len(value)]
    return {name: spoiled(each, path[1:], by) if name == key else each for name, each in value.items()}


@settings(max_examples=400)
@given(
    st.lists(st.tuples(st.sampled_from(templates()), st.lists(st.integers(0, 40), max_size=4), odd), max_size=4),
    st.sampled_from([0, RECEIVED]),
)
def test_arbitrary_messages_are_handled(
    messages: list[tuple[dict[str, Any], list[int], Any]], received_ns: int
) -> None:
    buffer, prediction = RowBuffer("x"), PredictionDecoder()
    for position, (template, path, by) in enumerate(messages, 1):
        payload = json.dumps(spoiled(template, path, by)).encode()
        buffer.begin(position, received_ns, payload)
        prediction.decode(payload, buffer)
    runs = buffer.drain()
    assert (rows_of(runs, "quotes").dtype, rows_of(runs, "trades").dtype) == (QUOTE, TRADE)
    assert all(len(reject.raw) <= RAW_BYTES and reject.reason for reject in buffer.rejects)
    # What is known of markets can be written to the log and read again.
    groups = [content for kind, content in runs if kind == "group"]
    assert read_block(markets_block(groups))[1] == groups


@given(st.binary(max_size=60) | json_values.map(lambda value: json.dumps(value).encode()))
def test_arbitrary_bytes_are_handled(payload: bytes) -> None:
    found = decode_messages(payload)
    assert found[:4] == ([], [], [], [])


@pytest.mark.parametrize("payload", [b"[" * 5_000, b'{"data":' * 5_000, b"[" * 5_000 + b"]" * 5_000, b"[[[[[1]]]]]"])
def test_depth_is_bounded(payload: bytes) -> None:
    assert len(decode_messages(payload).rejects) == 1


def test_names_of_message_types_are_bounded() -> None:
    found = decode_messages([{"event_type": f"type {number}" + "x" * 99} for number in range(1_000)])
    assert sum(found.ignored.values()) == 1_000
    assert len(found.ignored) == TYPES_COUNTED + 1
    assert max(map(len, found.ignored)) <= 40


def test_the_last_row_of_a_message_is_flagged() -> None:
    payload = recording("polymarket/payloads/py_ws_messages__price_change_v2.json").read_bytes()
    buffer, prediction = RowBuffer("x"), PredictionDecoder()
    for number in (1, 2):
        buffer.begin(number, RECEIVED, payload)
        prediction.decode(payload, buffer)
    buffer.begin(3, RECEIVED, b"PONG")
    prediction.decode(b"PONG", buffer)
    flags = rows_of(buffer.drain(), "quotes")["flags"].tolist()
    assert flags == [0, 0, 0, 0, MESSAGE_END] * 2
