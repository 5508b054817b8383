"""A recording of prediction markets, from its file to the blocks of its shards."""

import gzip
import json
from pathlib import Path

import numpy as np

from domain.blocks import KIND_TRADE, TRADE, read_block
from domain.quotes import CLEAR, LEVEL, PRICE_UNITS, QUOTE, READY
from flows.sources.market_blocks import market_blocks, read_groups
from flows.venues.intake import Intake
from flows.venues.prediction import Prediction
from tests.flows.sources.test_market_trades import recorded
from tests.flows.venues.test_polymarket_clob import BOOK
from tests.flows.venues.test_polymarket_clob import TRADE as PLAIN
from tests.flows.venues.test_polymarket_data import FIRST, activity
from tests.flows.venues.test_polymarket_gamma import event, market
from tests.recordings import recording


def test_books_trades_and_markets_of_one_file(tmp_path: Path) -> None:
    (tmp_path / "gamma.json").write_text(json.dumps([event(market(1), market(2))]))
    groups = read_groups(tmp_path / "gamma.json")
    assert [group.name for group in groups] == ["polymarket:7"]
    path = recorded(tmp_path, [BOOK], activity(FIRST), {**BOOK, "asset_id": "21"}, activity(FIRST), PLAIN, "odd")
    told = [(key, *read_block(block)) for key, block in market_blocks(path, groups)]
    quotes = np.concatenate([np.empty(0, QUOTE), *(content for _, kind, content in told if kind == "quotes")])
    trades = np.concatenate([np.empty(0, TRADE), *(content for _, kind, content in told if kind == "trades")])
    assert quotes["kind"].tolist() == [CLEAR, *[LEVEL] * 4, READY] * 2
    assert trades["size"][trades["kind"] == KIND_TRADE].tolist() == [2.7027, 85.36]
    assert [reject.reason for _, kind, content in told if kind == "rejects" for reject in content] == [
        "message is not a JSON object"
    ]
    assert len({key for key, kind, _ in told if kind in ("markets", "quotes")}) == 1


def test_recorded_books_are_complete_and_one_pool_seen_from_two_sides() -> None:
    path = recording("polymarket/books_run_20260311T214149Z.jsonl.gz")
    pairs: dict[str, list[str]] = {}
    for line in gzip.decompress(path.read_bytes()).splitlines():
        for told in json.loads(line)["books"]:
            tokens = pairs.setdefault(told["market"], [])
            tokens += [told["asset_id"]] if told["asset_id"] not in tokens else []
    intake = Intake("x")
    for number, tokens in enumerate(pairs.values()):
        Prediction().decode(json.dumps(market(number, clobTokenIds=tokens)).encode(), intake)
    groups = [content for _, content in intake.take()]
    blocks = [read_block(block) for _, block in market_blocks(path, groups)]
    quotes = np.concatenate([content for kind, content in blocks if kind == "quotes"])
    assert (len(groups), quotes.size, int((quotes["kind"] == READY).sum())) == (10, 4_730, 60)
    levels = quotes[quotes["kind"] == LEVEL]
    for group in groups:
        (only,) = group.markets
        yes, no = (levels[levels["instrument"] == token.instrument] for token in (only.yes, only.no))
        turned = {(-row["side"], PRICE_UNITS - row["price"], row["size"]) for row in no}
        assert {(row["side"], row["price"], row["size"]) for row in yes} == turned
