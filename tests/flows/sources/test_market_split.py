"""Books and trades of a group go to the group's shard, in the order of their messages."""

import json
from typing import Any

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from domain.blocks import KIND_HEARTBEAT, KIND_TRADE, read_block
from domain.clock import MINUTE, SECOND
from domain.instruments import SHARDS, instrument_id, shard_of
from domain.quotes import CLEAR, READY
from domain.slices import Reject
from domain.wallets import wallet_id
from flows.shards import KEYS, shard_of_key
from flows.sources.market_split import MarketSplit
from flows.sources.split import Item
from flows.venues.prediction import PredictionDecoder
from flows.venues.row_buffer import RowBuffer
from tests.flows.venues.decoded import RECEIVED
from tests.flows.venues.test_directory import EVENT, alone
from tests.flows.venues.test_polymarket_data import FIRST

START = RECEIVED - RECEIVED % MINUTE


def change(token: str, at_ns: int) -> dict[str, Any]:
    step = {"asset_id": token, "price": "0.5", "side": "BUY", "size": "3"}
    return {"event_type": "price_change", "timestamp": str(at_ns // 1_000_000), "price_changes": [step]}


def trade(token: str, at_ns: int, wallet: str = "0x1") -> dict[str, Any]:
    return {**FIRST, "asset": token, "timestamp": at_ns // SECOND, "proxyWallet": wallet}


def split(messages: list[Any], cuts: list[int], groups: Any = (EVENT,)) -> tuple[list[Item], RowBuffer]:
    """The items of all messages, divided into buffers, and the last buffer."""
    made, items, prediction = MarketSplit(groups), [], PredictionDecoder()
    for start, end in zip([0, *cuts], [*cuts, len(messages)], strict=True):
        buffer = RowBuffer("x")
        for message in messages[start:end]:
            payload = json.dumps(message).encode()
            buffer.begin(1, 0, payload)
            prediction.decode(payload, buffer)
        items += made.items(buffer)
    return items + made.end(), buffer


def steps(items: list[Item], shard: int) -> list[tuple[str, Any]]:
    """The rows of a shard."""
    found: list[tuple[str, Any]] = []
    for key, block in items:
        if shard_of_key(key) == shard:
            kind, content = read_block(block)
            rows = kind in ("quotes", "trades")
            found += [(kind, row) for row in content.tolist()] if rows else [(kind, content)]
    return found


def brief(received: list[tuple[str, Any]]) -> list[Any]:
    return [
        ("beat" if content[7] == KIND_HEARTBEAT else "trade", content[0])
        if kind == "trades"
        else ("step", content[0])
        if kind == "quotes"
        else kind
        for kind, content in received
    ]


def test_all_of_a_group_goes_to_its_shard() -> None:
    at = START + SECOND
    items, buffer = split([change("11", at), trade("21", at), change("22", at), trade("99", at)], [])
    assert brief(steps(items, EVENT.shard)) == [
        "markets",
        "names",
        ("beat", at),
        ("step", at),
        "names",
        "wallets",
        ("trade", at),
        ("step", at),
        ("beat", at),
    ]
    received = dict(steps(items, EVENT.shard))
    assert received["markets"] == [EVENT]
    assert received["wallets"] == {wallet_id("0x1"): "0x1"}
    stranger = shard_of(instrument_id("polymarket:99"))
    assert ("trade", at) in brief(steps(items, stranger))
    assert {key for key, _ in items} == set(KEYS)
    assert buffer.ignored == {}


def test_books_of_unknown_tokens_are_counted() -> None:
    items, buffer = split([change("99", START)], [])
    assert buffer.ignored == {"step of a book that belongs to no known market": 1}
    assert not [block for _, block in items if read_block(block)[0] == "quotes"]


def test_a_market_that_moves_to_its_event_keeps_its_book() -> None:
    single = alone(1)
    made, buffer = MarketSplit([single]), RowBuffer("x")
    token = EVENT.markets[0].yes.instrument
    buffer.quote(START, token, CLEAR)
    buffer.group(EVENT)
    buffer.quote(START, token, READY)
    items = made.items(buffer)
    here, there = steps(items, single.shard), steps(items, EVENT.shard)
    assert [content for kind, content in here if kind == "markets"] == [
        [single],
        [msgspec.structs.replace(single, markets=())],
    ]
    assert [content[7] for kind, content in here if kind == "quotes"] == [CLEAR]
    assert [content for kind, content in there if kind == "markets"] == [[EVENT]]
    assert [content[7] for kind, content in there if kind == "quotes"] == [READY]


def test_market_changes_are_emitted_in_order() -> None:
    over = {"event_type": "market_resolved", "market": "0x1", "winning_asset_id": "12"}
    items, buffer = split([change("11", START), over, change("11", START), {**over, "market": "0x9"}], [])
    received = steps(items, EVENT.shard)
    step = ("step", START)
    beat = ("beat", START)
    assert brief(received) == ["markets", "names", beat, step, "markets", "names", step, beat]
    winners = [market.winner for kind, content in received if kind == "markets" for market in content[0].markets]
    assert winners == ["", "", "polymarket:12", ""]
    assert buffer.ignored == {"change of a market that is not known": 1}


def test_rejects_go_out_once() -> None:
    made, buffer = MarketSplit(), RowBuffer("x")
    buffer.begin(7, RECEIVED, b"?")
    buffer.reject("it is odd")
    assert [(key, read_block(block)) for key, block in made.items(buffer)] == [
        (KEYS[0], ("rejects", [Reject("x", 7, "it is odd", b"?", RECEIVED)]))
    ]
    assert made.items(buffer) == []


def rows_and_names(items: list[Item], shard: int) -> tuple[list[Any], dict[int, str]]:
    """The rows of a shard without names, and all names; each name comes before the first row that needs it."""
    known: dict[int, str] = {0: "nobody"}
    rows = []
    for kind, content in steps(items, shard):
        if kind in ("names", "wallets"):
            known |= content
        else:
            assert kind != "trades" or {content[1], content[5]} <= set(known)
            rows.append((kind, content))
    return rows, known


tokens, wallets = st.sampled_from(["11", "22", "99"]), st.sampled_from(["0x1", "0x2"])


@given(
    st.lists(st.tuples(tokens, st.integers(0, 400), st.booleans(), wallets), max_size=12),
    st.lists(st.integers(0, 12), max_size=3),
)
def test_cuts_change_no_row(received: list[tuple[str, int, bool, str]], cuts: list[int]) -> None:
    messages = [
        trade(token, START + second * SECOND, wallet) if trades else change(token, START + second * SECOND)
        for token, second, trades, wallet in received
    ]
    whole, _ = split(messages, [])
    parts, _ = split(messages, sorted(min(cut, len(messages)) for cut in cuts))
    for shard in range(SHARDS):
        assert rows_and_names(parts, shard) == rows_and_names(whole, shard)
    rows = [row for shard in range(SHARDS) for row in steps(whole, shard)]
    taken = [row for row in rows if row[0] == "quotes" or (row[0] == "trades" and row[1][7] == KIND_TRADE)]
    assert len(taken) == sum(trades or token != "99" for token, _, trades, _ in received)
