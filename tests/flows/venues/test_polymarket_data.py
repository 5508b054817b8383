"""Rows of trades in each of their forms, and those of the real-time service."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.blocks import NO_ID
from domain.instruments import instrument_id
from domain.wallets import wallet_id
from flows.venues.duplicates import DuplicateFilter
from tests.flows.venues.decoded import decode_messages

AT_S = 1_799_999_999
AT = AT_S * 1_000_000_000
WALLET = "0x" + "Ab" * 20
FIRST = {
    "asset": "11", "side": "BUY", "price": 0.26, "size": 2.7027, "timestamp": AT_S, "proxyWallet": WALLET,
    "transactionHash": "0xT1", "outcomeIndex": 999, "title": "Rain?",
}  # fmt: skip
SECOND = {
    "token_id": "11", "side": "BUY", "price": 0.260, "size": 2.70270, "timestamp": AT_S,
    "proxy_wallet": WALLET.lower(), "transaction_hash": "0xt1", "outcome_index": 0,
}  # fmt: skip
RECORDED = {
    "timestamp": "2027-01-15T07:59:59Z", "wallet": WALLET, "market": "rain", "size": 2.7027, "price": 0.26,
    "value": 0.702702, "tx_hash": "0xT1",
}  # fmt: skip


def activity(row: dict[str, Any], kind: str = "orders_matched") -> dict[str, Any]:
    return {"connection_id": "c", "topic": "activity", "type": kind, "timestamp": AT_S * 1_000, "payload": row}


def test_every_form_gives_the_same_trade() -> None:
    forms = [FIRST, [FIRST], SECOND, {"data": [SECOND], "pagination": {"limit": 1}}, activity(FIRST)]
    found = [decode_messages(form) for form in forms]
    (trade,) = found[0].trades
    assert trade[:4] == (AT, instrument_id("polymarket:11"), 0.26, 2.7027)
    assert trade[4] < NO_ID
    assert trade[5:] == (wallet_id(WALLET), 1, 0, 0, 0)
    assert [each.trades for each in found] == [[trade]] * len(forms)
    assert [each.rejects for each in found] == [[]] * len(forms)


def test_recorded_rows_have_a_market_and_no_side() -> None:
    (trade,) = decode_messages([RECORDED]).trades
    assert trade[:4] == (AT, instrument_id("polymarket:rain"), 0.26, 2.7027)
    assert trade[5:] == (wallet_id(WALLET), 0, 0, 0, 0)
    assert trade[4] != decode_messages({**RECORDED, "timestamp": "2027-01-15T07:59:58Z"}).trades[0][4]


def test_rows_of_makers_are_counted_and_ignored() -> None:
    found = decode_messages(
        activity(FIRST, "trades"), {"topic": "crypto_prices", "type": "update", "payload": {"value": 1.5}}
    )
    assert found.trades == []
    assert found.ignored == {"activity/trades": 1, "crypto_prices/update": 1}


def test_a_repeated_trade_is_one_trade() -> None:
    found = decode_messages(activity(FIRST), SECOND, {**SECOND, "size": 2.7}, duplicates=DuplicateFilter())
    assert [trade[3] for trade in found.trades] == [2.7027, 2.7]
    assert found.ignored == {"trade told before": 1}


def test_trades_that_differ_in_any_field_are_distinct() -> None:
    others: list[dict[str, Any]] = [
        {"asset": "12"},
        {"side": "SELL"},
        {"price": 0.27},
        {"size": 3},
        {"proxyWallet": "0x1"},
    ]
    others += [{"transactionHash": "0xT2"}, {"price": 0.2600000000000001}]
    ids = [decode_messages({**FIRST, **other}).trades[0][4] for other in [{}, *others, {"timestamp": AT_S - 9}]]
    assert len(set(ids)) == len(ids) - 1
    assert ids[0] == ids[-1]


def test_trades_without_wallets_are_dropped_where_wallets_are_known() -> None:
    plain = {
        "event_type": "last_trade_price", "asset_id": "11", "timestamp": AT_S * 1_000, "price": "0.26",
        "size": "2.7027", "side": "BUY", "transaction_hash": "0xT1",
    }  # fmt: skip
    found = decode_messages(
        plain, {**plain, "asset_id": "12"}, FIRST, with_wallets=frozenset({instrument_id("polymarket:11")})
    )
    assert [trade[1] for trade in found.trades] == [instrument_id("polymarket:12"), instrument_id("polymarket:11")]
    assert found.ignored == {"trade told with its wallet elsewhere": 1}


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ({**FIRST, "side": "buy"}, "trade: side 'buy' is neither BUY nor SELL"),
        ({**FIRST, "proxyWallet": ""}, "trade: wallet is missing"),
        ({**FIRST, "transactionHash": ""}, "trade: transaction is missing"),
        ({**FIRST, "price": 1.0}, "trade: price is not between 0 and 1"),
        ({**FIRST, "price": 0}, "trade: price is not between 0 and 1"),
        ({**FIRST, "size": -1}, "trade: size is not a positive number"),
        ({**FIRST, "size": "Infinity"}, "trade: size is not a positive number"),
        ({**FIRST, "timestamp": 1 << 40}, "trade: timestamp is out of range"),
        ({**FIRST, "asset": ""}, "trade: token is missing or malformed"),
        ({**FIRST, "asset": None}, "trade: Expected `str`, got `null` - at `$.asset`"),
        ({**RECORDED, "market": ""}, "trade: market is missing"),
        ({**RECORDED, "timestamp": "noon"}, "trade: Invalid isoformat string: 'noon'"),
        (activity({"asset": "11"}), "activity: Object missing required field `side`"),
    ],
)
def test_invalid_messages_are_rejected_with_a_reason(row: dict[str, Any], reason: str) -> None:
    found = decode_messages(row)
    assert (found.rejects, found.trades) == ([reason], [])


prices = st.decimals("0.001", "0.999", places=3).map(float)


@given(st.lists(st.tuples(prices, st.integers(1, 10**9), st.sampled_from(["BUY", "SELL"]), st.integers(0, 3))))
def test_trades_come_back_as_they_were(trades: list[tuple[float, int, str, int]]) -> None:
    written = [
        {**FIRST, "price": price, "size": size / 1e4, "side": side, "proxyWallet": f"0x{wallet}"}
        for price, size, side, wallet in trades
    ]
    found = decode_messages(written)
    assert [row[2:4] + row[5:7] for row in found.trades] == [
        (price, size / 1e4, wallet_id(f"0x{wallet}"), 1 if side == "BUY" else -1)
        for price, size, side, wallet in trades
    ]
