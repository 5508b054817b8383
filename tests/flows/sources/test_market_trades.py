"""Trades of prediction markets, from recordings of every form."""

import json
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from domain.instruments import instrument_id
from flows.sources.files import files
from flows.sources.formats import open_input
from flows.sources.market_trades import MarketTrades
from flows.sources.recorded import Recording
from tests.flows.sources.memory import rejects
from tests.flows.sources.test_files import drain, rows
from tests.flows.venues.decoded import RECEIVED
from tests.flows.venues.test_binance import SPOT, line
from tests.flows.venues.test_kalshi import trade as kalshi_trade
from tests.flows.venues.test_polymarket_clob import BOOK, TRADE
from tests.flows.venues.test_polymarket_data import FIRST, RECORDED, SECOND, activity
from tests.recordings import recording


def recorded(tmp_path: Path, *messages: Any, name: str = "x") -> Path:
    path = tmp_path / name
    path.write_text("\n".join(f"{RECEIVED + at} {json.dumps(message)}" for at, message in enumerate(messages)))
    return path


def test_forms_are_recognised_by_content(tmp_path: Path) -> None:
    path = recorded(tmp_path, "", activity(FIRST))
    assert isinstance(open_input(path, None, {}, None), MarketTrades)
    assert isinstance(open_input(recorded(tmp_path, [BOOK]), None, {}, None), MarketTrades)
    assert isinstance(open_input(recorded(tmp_path, kalshi_trade()), None, {}, None), MarketTrades)
    for document in ([FIRST], {"data": [SECOND]}, [RECORDED]):
        path.write_text(json.dumps(document, indent=1))
        assert isinstance(open_input(path, None, {}, None), MarketTrades)
    path.write_bytes(line(SPOT))
    assert isinstance(open_input(path, None, {}, None), Recording)


def test_trades_with_wallets_are_preferred(tmp_path: Path) -> None:
    plain = {**TRADE, "timestamp": RECEIVED // 1_000_000}
    both = MarketTrades(recorded(tmp_path, plain, BOOK, {**plain, "asset_id": "12"}, activity(FIRST)))
    chunks = list(both.read(0, 0, 9))
    taken = ["polymarket:12", "polymarket:11"]
    assert [each for chunk in chunks for each in chunk.rows["instrument"].tolist()] == list(map(instrument_id, taken))
    assert both.ignored == {"trade told with its wallet elsewhere": 1, "step of a book": 6}
    assert both.streams == {"polymarket:12": "trades without wallets", "polymarket:11": "trades with wallets"}
    assert [chunks[-1].names[each] for each in chunks[-1].rows["instrument"].tolist()] == ["polymarket:11"]


def test_duplicate_trades_are_dropped_from_any_position(tmp_path: Path) -> None:
    other = {**FIRST, "size": 3}
    path = recorded(tmp_path, activity(FIRST), [FIRST, other, FIRST], "", activity(other), "", activity(FIRST))
    whole = MarketTrades(path)
    assert [chunk.rows["size"].tolist() for chunk in whole.read(0, 0, 1)] == [[2.7027], [3.0], [], [], [], []]
    assert whole.ignored == {"trade told before": 4, "keepalive": 2}
    for start in range(6):
        rest = [size for chunk in MarketTrades(path).read(start, 0, 2) for size in chunk.rows["size"].tolist()]
        assert rest == [2.7027, 3.0][start:]


def test_rejects_have_their_line_number(tmp_path: Path) -> None:
    path = recorded(tmp_path, activity(FIRST), activity({**FIRST, "side": "?"}))
    path.write_text(path.read_text() + "\nbroken\n")
    chunks = MarketTrades(path).read(0, 0, 9)
    assert [(reject.position, reject.reason) for chunk in chunks for reject in chunk.rejects] == [
        (2, "activity: side '?' is neither BUY nor SELL"),
        (3, "line is not `RECV_NS JSON`"),
    ]


def test_the_recorded_trades_of_an_afternoon() -> None:
    path = recording("polymarket/realtime_whale_trades.json.gz")
    opened = files([path])
    items = drain(opened)
    trades = rows(items)
    notional = trades["price"] * trades["size"]
    assert (trades.size, np.unique(trades["wallet"]).size, np.unique(trades["instrument"]).size) == (
        9_777,
        2_553,
        1_159,
    )
    assert (int((notional >= 10_000).sum()), int((trades["price"] >= 0.95).sum())) == (62, 2_510)
    assert opened.ignored == {"trade told before": 45}
    assert Counter(reject.reason for _, reject in rejects(items)) == {"trade: market is missing": 2}


@pytest.mark.parametrize("at_most", [700, 5_000])
def test_its_rows_are_the_same_however_they_are_cut(at_most: int) -> None:
    source = MarketTrades(recording("polymarket/realtime_whale_trades.json.gz"))
    whole = np.concatenate([chunk.rows for chunk in source.read(0, 0, 100_000)])
    assert int((np.diff(whole["ts"]) < 0).sum()) == 16
    chunks = list(source.read(0, 0, at_most))
    assert np.concatenate([chunk.rows for chunk in chunks]).tobytes() == whole.tobytes()
    rest = [chunk.rows for chunk in source.read(chunks[0].consumed, 0, at_most)]
    assert np.concatenate([chunks[0].rows, *rest]).tobytes() == whole.tobytes()
