"""Recordings of prediction markets, from their files to the blocks of their shards."""

import json
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.blocks import KIND_HEARTBEAT, KIND_TRADE, TRADE, read_block
from domain.clock import MINUTE, SECOND
from domain.errors import RecoveryError, RejectLimitError
from domain.quotes import CLEAR, LEVEL, PRICE_UNITS, QUOTE, READY
from flows.shards import KEYS
from flows.sources.market_files import MarketFiles, MessageCounts
from flows.sources.split import Item
from tests.flows.sources.test_market_trades import recorded
from tests.flows.venues.decoded import RECEIVED
from tests.flows.venues.test_polymarket_clob import BOOK
from tests.flows.venues.test_polymarket_clob import TRADE as PLAIN
from tests.flows.venues.test_polymarket_data import FIRST, activity
from tests.flows.venues.test_polymarket_gamma import event, market
from tests.recordings import recording

MS = RECEIVED // 1_000_000
OVER = {"event_type": "market_resolved", "market": "0x1", "winning_asset_id": "11"}


def items_of(opened: MarketFiles, counts_path: Path | None = None) -> list[Item]:
    """All items of a source."""
    part = opened.source(counts_path).build_part("log", "market_files", None)
    items: list[Item] = []
    while True:
        try:
            items += part.next_batch()
        except StopIteration:
            return items


def rows(items: Sequence[Item], kind: str) -> Any:
    empty = np.empty(0, QUOTE if kind == "quotes" else TRADE)
    blocks = (read_block(block) for _, block in items)
    return np.concatenate([empty, *(content for each, content in blocks if each == kind)])


def contents(items: Sequence[Item], kind: str) -> list[Any]:
    return [
        each
        for block_kind, content in (read_block(block) for _, block in items)
        if block_kind == kind
        for each in content
    ]


def test_books_trades_and_markets_of_several_files(tmp_path: Path) -> None:
    (tmp_path / "gamma.json").write_text(json.dumps([event(market(1), market(2))]))
    path = recorded(
        tmp_path,
        [BOOK],
        activity(FIRST),
        {**BOOK, "asset_id": "21"},
        activity(FIRST),
        PLAIN,
        {**PLAIN, "asset_id": "12"},
        "odd",
    )
    opened = MarketFiles([path, tmp_path / "gamma.json"], rejected_share_max=1.0)
    items = items_of(opened, tmp_path / "message_counts.json")
    assert [group.name for group in contents(items, "markets")] == ["polymarket:7"]
    assert rows(items, "quotes")["kind"].tolist() == [CLEAR, *[LEVEL] * 4, READY] * 2
    trades = rows(items, "trades")
    assert trades["size"][trades["kind"] == KIND_TRADE].tolist() == [2.7027, 85.36]
    assert [reject.reason for reject in contents(items, "rejects")] == ["message is not a JSON object"]
    assert len({key for key, block in items if read_block(block)[0] in ("markets", "quotes")}) == 1
    assert msgspec.json.decode((tmp_path / "message_counts.json").read_bytes(), type=MessageCounts) == MessageCounts(
        messages=8,
        trades=2,
        repeated=1,
        ignored={"trade told with its wallet elsewhere": 1},
        rejected={"message is not a JSON object": 1},
    )


def test_market_state_without_a_time_is_emitted_at_the_end(tmp_path: Path) -> None:
    over = market(1, closed=True, outcomePrices=["1", "0"])
    (tmp_path / "gamma.json").write_text(json.dumps([over]))
    path = recorded(tmp_path, [BOOK])
    items = items_of(MarketFiles([path, tmp_path / "gamma.json"]))
    blocks = [read_block(block) for _, block in items]
    kinds = [kind for kind, content in blocks if kind != "trades" or (content["kind"] != KIND_HEARTBEAT).any()]
    assert kinds == ["markets", "names", "quotes", "markets", "names"]
    assert [(one.markets[0].status, one.markets[0].winner) for one in contents(items, "markets")] == [
        ("open", ""),
        ("resolved", "polymarket:11"),
    ]


def test_indistinguishable_trades_are_all_counted(tmp_path: Path) -> None:
    nameless = {**PLAIN, "transaction_hash": ""}
    trades = rows(items_of(MarketFiles([recorded(tmp_path, nameless, nameless, PLAIN, PLAIN)])), "trades")
    assert (trades["kind"] == KIND_TRADE).sum() == 3


def test_a_stated_end_moves_time_in_every_shard(tmp_path: Path) -> None:
    path = recorded(tmp_path, activity(FIRST))
    end_ns = RECEIVED + 5 * MINUTE
    items = items_of(MarketFiles([path], end_ns=end_ns))
    last = {key: read_block(block)[1]["ts"].tolist() for key, block in items[-len(KEYS) :]}
    assert last == {key: [end_ns] for key in KEYS}
    assert items_of(MarketFiles([path], end_ns=1)) == items_of(MarketFiles([path]))


def random_messages(seed: int) -> list[Any]:
    """Messages of all sorts."""
    rng = np.random.default_rng(seed)
    step = {"asset_id": "11", "price": "0.5", "side": "BUY", "size": "3"}
    kinds = [
        [BOOK],
        {"event_type": "price_change", "timestamp": str(MS), "price_changes": [step]},
        activity(FIRST),
        activity({**FIRST, "size": 7.5}),
        {**PLAIN, "timestamp": str(MS)},
        event(market(1), market(2)),
        OVER,
        {"event_type": "odd"},
        "odd",
    ]
    return [kinds[at] for at in rng.integers(0, len(kinds), 40)]


def flat(items: Sequence[Item]) -> dict[str, list[Any]]:
    """The rows of each shard, without names, which may be repeated at the start of a batch."""
    found: dict[str, list[Any]] = {}
    for key, block in items:
        kind, content = read_block(block)
        if kind not in ("names", "wallets"):
            found.setdefault(key, []).extend(content.tolist() if kind in ("quotes", "trades") else [(kind, content)])
    return found


@settings(max_examples=20)
@given(st.integers(0, 99), st.integers(1, 41))
def test_batches_change_nothing_and_it_resumes_anywhere(tmp_path_factory: Any, seed: int, at_most: int) -> None:
    path = recorded(tmp_path_factory.mktemp("x"), *random_messages(seed))
    (path.parent / "y").write_text(json.dumps([market(1), market(2)]))
    files = [path, path.parent / "y"]

    def opened(count: int = at_most) -> MarketFiles:
        return MarketFiles(files, rejected_share_max=1.0, at_most=count)

    whole = items_of(opened())
    assert without_rejects(flat(whole)) == without_rejects(flat(items_of(opened(4_096))))
    part, items = opened().source().build_part("log", "market_files", None), []
    while True:
        try:
            items += part.next_batch()
        except StopIteration:
            break
        part = opened().source().build_part("log", "market_files", part.snapshot())
    assert items == whole


def without_rejects(found: dict[str, list[Any]]) -> dict[str, list[Any]]:
    """Rejects come before the other items of their batch."""
    return {key: [each for each in rows if each[0] != "rejects"] for key, rows in found.items()}


@pytest.mark.parametrize("seed", range(3))
def test_the_order_of_files_and_a_file_given_twice_change_nothing(tmp_path: Path, seed: int) -> None:
    first = recorded(tmp_path, *random_messages(seed), name="a")
    second = recorded(tmp_path, *random_messages(seed + 50), name="b")
    counts_path = tmp_path / "message_counts.json"
    once = items_of(MarketFiles([first, second], rejected_share_max=1.0), counts_path)
    counts = msgspec.json.decode(counts_path.read_bytes(), type=MessageCounts)
    assert items_of(MarketFiles([second, first], rejected_share_max=1.0)) == once
    twice = items_of(MarketFiles([second, first, first, second], rejected_share_max=1.0), counts_path)
    assert flat(twice) == flat(once)
    again = msgspec.json.decode(counts_path.read_bytes(), type=MessageCounts)
    trades = sum(
        "topic" in each or each.get("event_type") == "last_trade_price"
        for each in random_messages(seed) + random_messages(seed + 50)
        if isinstance(each, dict)
    )
    assert (again.messages, again.trades) == (2 * counts.messages, counts.trades)
    assert (again.ignored, again.rejected) == (counts.ignored, counts.rejected)
    assert again.repeated > counts.repeated or not trades


def test_a_snapshot_of_other_files_is_refused(tmp_path: Path) -> None:
    path = recorded(tmp_path, [BOOK])
    snapshot = MarketFiles([path]).source().build_part("log", "market_files", None).snapshot()
    path.write_text(path.read_text() + "\n")
    with pytest.raises(RecoveryError, match="other files"):
        MarketFiles([path]).source().build_part("log", "market_files", snapshot)


def test_too_many_rejects_end_it(tmp_path: Path) -> None:
    with pytest.raises(RejectLimitError, match="not a JSON object"):
        items_of(MarketFiles([recorded(tmp_path, activity(FIRST), *["odd"] * 9)]))


def test_recorded_books_are_complete_and_one_pool_seen_from_two_sides(tmp_path: Path) -> None:
    path = recording("polymarket/books_run_20260311T214149Z.jsonl.gz")
    pairs: dict[str, list[str]] = {}
    for book in (
        each for moment in MarketFiles([path]).decoded_messages() for each in json.loads(moment.payload)["books"]
    ):
        tokens = pairs.setdefault(book["market"], [])
        tokens += [book["asset_id"]] if book["asset_id"] not in tokens else []
    page = [market(number, clobTokenIds=tokens) for number, tokens in enumerate(pairs.values())]
    (tmp_path / "gamma.json").write_text(json.dumps(page))
    items = items_of(MarketFiles([path, tmp_path / "gamma.json"]))
    groups, quotes = contents(items, "markets"), rows(items, "quotes")
    assert (len(groups), quotes.size, int((quotes["kind"] == READY).sum())) == (10, 4_730, 60)
    levels = quotes[quotes["kind"] == LEVEL]
    for group in groups:
        (only,) = group.markets
        yes, no = (levels[levels["instrument"] == token.instrument] for token in (only.yes, only.no))
        turned = {(-row["side"], PRICE_UNITS - row["price"], row["size"]) for row in no}
        assert {(row["side"], row["price"], row["size"]) for row in yes} == turned
    seconds = Counter((quotes["received_at"] // SECOND).tolist())
    assert len(seconds) == 3, "it was asked three times"
