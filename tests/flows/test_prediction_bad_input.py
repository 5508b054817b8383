"""Bad input of prediction markets is handled as in the README's table, from a file through the dataflow."""

import json
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import polars as pl
import pytest

from domain.clock import SECOND
from flows.replay import Plan, Summary, replay
from flows.replay_markets import MarketSummary
from tests.flows.venues.decoded import RECEIVED
from tests.flows.venues.test_polymarket_gamma import event, market

Sent = tuple[float, Any]
"""Seconds after the start, and a message or a line."""
END_S = 90.0


def book(token: str, at_s: float, ask: str, **options: Any) -> dict[str, Any]:
    """A book of one ask, and a bid ten cents under it."""
    return {
        "event_type": "book",
        "asset_id": token,
        "timestamp": str(RECEIVED // 1_000_000 + int(at_s * 1_000)),
        "bids": [{"price": f"{float(ask) - 0.1:.2f}", "size": "100"}],
        "asks": [{"price": ask, "size": "100"}],
        **options,
    }


def change(token: str, at_s: float, price: str, size: str, side: str = "SELL") -> dict[str, Any]:
    """The new state of one level."""
    step = {"asset_id": token, "price": price, "size": size, "side": side}
    stamp = str(RECEIVED // 1_000_000 + int(at_s * 1_000))
    return {"event_type": "price_change", "timestamp": stamp, "price_changes": [step]}


def trade(token: str, at_s: float, size: float = 40_000.0, **options: Any) -> dict[str, Any]:
    """A trade of a made-up wallet."""
    row = {
        "asset": token, "side": "BUY", "price": 0.5, "size": size, "timestamp": RECEIVED // SECOND + int(at_s),
        "proxyWallet": "0x11", "transactionHash": f"0x{at_s}",
    }  # fmt: skip
    return {"topic": "activity", "type": "orders_matched", "payload": {**row, **options}}


OVER = {"event_type": "market_resolved", "market": "0x1", "winning_asset_id": "12"}
EVENT = event(*(market(number) for number in (1, 2, 3)))
START: list[Sent] = [
    (0.0, EVENT),
    *((1.0, book(token, 1.0, ask)) for token, ask in (("12", "0.60"), ("22", "0.60"), ("32", "0.60"))),
    (2.0, trade("11", 2.0)),
]
"""Three answers of which at most one comes true, and every no for 0.60: two dollars for 1.80; and a whale."""


class Concluded(NamedTuple):
    """A summary without its duration, and each change of an opportunity with its close reason and time in s."""

    summary: Summary
    changes: list[tuple[str, str | None, float]]

    @property
    def found(self) -> MarketSummary:
        """Of prediction markets."""
        assert self.summary.prediction is not None
        return self.summary.prediction

    def but(self, **counts: Any) -> tuple[Any, ...]:
        """The same results, with other counts of the input."""
        found = msgspec.structs.replace(self.found, **{"messages": 0, **counts})
        rejects = sum(found.rejected.values())
        return msgspec.structs.replace(self.summary, prediction=found, rejects=rejects, duplicates=0), self.changes


def concluded(folder: Path, *more: Sent, start: list[Sent] = START, end_s: float = END_S) -> Concluded:
    """The results of a replay of the start and additional messages."""
    path = folder / "recorded"
    lines = [
        f"{RECEIVED + int(at_s * SECOND)} {each if isinstance(each, str) else json.dumps(each)}\n"
        for at_s, each in [*start, *more]
    ]
    path.write_text("".join(lines))
    end_ns = RECEIVED + int(end_s * SECOND)
    summary = replay(Plan(paths=[str(path)], out=str(folder / "out"), rejected_share_max=1.0, end_ns=end_ns))
    table = pl.read_parquet(folder / "out" / "opportunities" / "*.parquet")
    seconds = table["updated_at"].cast(pl.Int64).to_numpy() / SECOND - RECEIVED / SECOND
    changes = zip(table["change"], table["close_reason"], seconds.round(3).tolist(), strict=True)
    return Concluded(msgspec.structs.replace(summary, seconds=0.0, trades_per_second=0), list(changes))


@pytest.fixture(scope="module")
def clean(tmp_path_factory: pytest.TempPathFactory) -> Concluded:
    """The results of the start alone."""
    return concluded(tmp_path_factory.mktemp("clean"))


def closed(*parts: Concluded) -> list[tuple[str | None, float]]:
    return [(why, at_s) for part in parts for change, why, at_s in part.changes if change == "closed"]


def test_the_start_has_an_opportunity_and_a_whale(clean: Concluded) -> None:
    assert [(change, at_s) for change, _, at_s in clean.changes] == [("opened", 1.0), ("settled", 1.25)]
    assert (clean.found.whales["told"], clean.found.rejected, clean.found.ignored) == (1, {}, {})
    (opened,) = clean.found.chances
    assert (opened.kind, opened.size) == ("buy_all_no", "50")
    assert "fee" not in " ".join(opened.reasons)


@pytest.mark.parametrize(
    ("sent", "reason"),
    [
        ("{not json", "message is not JSON, or not of its venue's form"),
        ("7", "message is not a JSON object"),
        (trade("11", 10.0, price=0.0), "activity: price is not between 0 and 1"),
        (trade("11", 10.0, price=1.0), "activity: price is not between 0 and 1"),
        (trade("11", 10.0, size=0.0), "activity: size is not a positive number"),
        (trade("11", 10.0, side="HOLD"), "activity: side 'HOLD' is neither BUY nor SELL"),
        (trade("11", 10.0, proxyWallet=""), "activity: wallet is missing"),
        (trade("11", 600.0), "activity: timestamp is more than 5 s ahead of its receive time"),
        (trade("", 10.0), "activity: token is missing or malformed"),
    ],
)
def test_a_bad_row_is_rejected_and_changes_nothing_else(
    tmp_path: Path, clean: Concluded, sent: Any, reason: str
) -> None:
    spoiled = concluded(tmp_path, (10.0, sent))
    assert spoiled.found.rejected == {reason: 1}
    assert spoiled.but() == clean.but(rejected={reason: 1})


@pytest.mark.parametrize(
    ("sent", "ignored"),
    [
        (book("99", 10.0, "0.60"), {"step of a book that belongs to no known market": 4}),
        ({"event_type": "odd"}, {"odd": 1}),
        ({**OVER, "market": "0x9"}, {"change of a market that is not known": 1}),
        ("PONG", {"keepalive": 1}),
    ],
)  # fmt: skip
def test_irrelevant_messages_are_only_counted(
    tmp_path: Path, clean: Concluded, sent: Any, ignored: dict[str, int]
) -> None:
    spoiled = concluded(tmp_path, (10.0, sent))
    assert spoiled.found.ignored == ignored
    assert spoiled.but() == clean.but(ignored=ignored)


def test_a_duplicate_trade_counts_once(tmp_path: Path, clean: Concluded) -> None:
    spoiled = concluded(tmp_path, (10.0, trade("11", 2.0)), (11.0, trade("11", 2.0)))
    assert (spoiled.summary.duplicates, spoiled.found.repeated) == (2, 2)
    assert spoiled.but() == clean.but(repeated=2)


def test_an_unknown_token_is_a_market_of_its_own(tmp_path: Path, clean: Concluded) -> None:
    more = [(at_s, trade("99", at_s)) for at_s in (10.0, 70.0, 71.0)]
    spoiled = concluded(tmp_path, *more, end_s=600.0)
    assert (spoiled.found.trades["unknown"], spoiled.found.whales["told"]) == (3, 2)
    assert spoiled.changes[:2] == clean.changes
    whales = pl.read_parquet(tmp_path / "out" / "whale_trades" / "*.parquet").sort("detected_at")
    assert whales.filter(pl.col("status") == "emitted")["market"].unique().sort().to_list() == [
        "polymarket:0x1",
        "polymarket:99",
    ]


@pytest.mark.parametrize("price", ["0", "1"])
def test_a_level_at_0_or_1_voids_its_book(tmp_path: Path, price: str) -> None:
    spoiled = concluded(tmp_path, (10.0, change("12", 10.0, price, "5")), (20.0, book("12", 20.0, "0.60")))
    assert spoiled.found.rejected == {"price_change: price is not between 0 and 1": 1}
    assert closed(spoiled) == [("book void: feed interrupted", 10.0)]
    assert [at_s for change, _, at_s in spoiled.changes if change == "opened"] == [1.0, 20.0]


def test_a_crossed_book_closes_its_opportunities(tmp_path: Path) -> None:
    spoiled = concluded(
        tmp_path, (10.0, change("12", 10.0, "0.61", "5", "BUY")), (20.0, change("12", 20.0, "0.61", "0", "BUY"))
    )
    assert closed(spoiled) == [("book crossed", 10.0)]
    assert spoiled.found.books["crossed"] == 1
    assert [at_s for change, _, at_s in spoiled.changes if change == "opened"] == [1.0, 20.0]


def test_an_empty_side_closes_its_opportunities(tmp_path: Path) -> None:
    spoiled = concluded(tmp_path, (10.0, book("12", 10.0, "0.60", asks=[])))
    assert closed(spoiled) == [("edge gone", 10.0)]
    assert spoiled.found.rejected == {}


def test_a_missing_fee_schedule_is_assumed_highest_and_mentioned(tmp_path: Path) -> None:
    said: dict[bool, Any] = {}
    for told in (True, False):
        terms = {"feesEnabled": True, **({"feeSchedule": {"rate": 0.07, "exponent": 1}} if told else {})}
        priced = event(*(market(number, **terms) for number in (1, 2, 3)))
        (said[told],) = concluded(tmp_path, start=[(0.0, priced), *START[1:]]).found.chances
    assert said[False].net == said[True].net, "the highest is that of crypto markets"
    lost = [reason for reason in said[False].reasons if reason not in said[True].reasons]
    assert lost == ["a fee is not published; the highest is assumed"]
    assert said[False].grade > said[True].grade


@pytest.mark.parametrize(
    ("told", "reason"),
    [
        (market(1, acceptingOrders=False), "market paused"),
        (market(1, umaResolutionStatus="disputed"), "market disputed"),
        (market(1, closed=True, outcomePrices='["0.3", "0.7"]'), "market closed"),
        (market(1, closed=True, outcomePrices='["1", "0"]'), "market resolved"),
        (OVER, "market resolved"),
    ],
)
def test_a_resolved_or_paused_market_closes_the_opportunity(tmp_path: Path, told: Any, reason: str) -> None:
    later = (20.0, trade("11", 20.0, 60_000.0))
    spoiled = concluded(tmp_path, (10.0, told), (11.0, trade("21", 11.0, 10.0)), later)
    assert [why for why, _ in closed(spoiled)] == [reason]
    over = reason == "market resolved"
    assert spoiled.found.trades["ended"] == over
    assert spoiled.found.whales["told_again"] + spoiled.found.whales["told"] == (1 if over else 2)


def test_books_out_of_order_are_void_until_the_next_snapshot(tmp_path: Path) -> None:
    spoiled = concluded(tmp_path, (10.0, change("12", 0.5, "0.60", "90")), (20.0, book("12", 20.0, "0.60")))
    assert closed(spoiled) == [("book void: out of order", 10.0)]
    assert [at_s for change, _, at_s in spoiled.changes if change == "opened"] == [1.0, 20.0]


def test_trades_out_of_order_are_accepted_within_the_lateness(tmp_path: Path) -> None:
    spoiled = concluded(
        tmp_path, (70.0, trade("21", 70.0, 10.0)), (71.0, trade("21", 30.0, 10.0)), (72.0, trade("21", 5.0, 10.0))
    )
    assert (spoiled.found.trades["accepted"], spoiled.found.trades["late"]) == (3, 1)


def test_an_opportunity_with_stale_books_is_closed(tmp_path: Path) -> None:
    silent = concluded(tmp_path, end_s=600.0)
    assert closed(silent) == [("book stale", 301.0)]
    heard = concluded(tmp_path, (200.0, change("12", 200.0, "0.60", "100")), end_s=600.0)
    assert closed(heard) == [("book stale", 301.0)], "the others were not heard of"


def test_half_a_dollar_more_in_a_file_without_times_is_no_opportunity(tmp_path: Path) -> None:
    """Books without any time are rejected, since their age is unknown."""
    path = tmp_path / "books.json"
    path.write_text(json.dumps([EVENT, {"asset_id": "12", "timestamp": "0", "bids": [], "asks": []}]))
    summary = replay(Plan(paths=[str(path)], rejected_share_max=1.0))
    assert summary.prediction is not None
    assert summary.prediction.rejected == {"book: timestamp is out of range": 1}
