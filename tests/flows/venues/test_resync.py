"""Invalid books are requested until they are valid, and valid ones periodically."""

import numpy as np
import pytest

from domain.clock import SECOND
from domain.markets import Token
from domain.quotes import BID, DROP, LEVEL, TICK
from flows.sources.market_split import MarketSplit
from flows.venues.resync import Resync, Resyncs, polymarket_bodies
from flows.venues.row_buffer import MarketChange, RowBuffer
from tests.flows.venues.test_directory import EVENT, ONE, TWO, alone
from tests.prediction import START, quote, snapshot

A, B = "polymarket:11", "polymarket:12"
TOKENS = [Token(name=name, outcome="") for name in (A, B)]


def test_a_request_to_polymarket_has_at_most_500_books() -> None:
    many = Resync("polymarket", tuple(f"polymarket:{number}" for number in range(501)))
    assert [body.count(b"token_id") for body in polymarket_bodies(many)] == [500, 1]


@pytest.mark.parametrize("kind", [DROP, TICK])
def test_a_void_book_is_requested_until_its_snapshot_arrives(kind: int) -> None:
    resyncs = Resyncs(retry_s=10.0, refresh_s=100.0)
    resyncs.track(TOKENS)
    resyncs.update(np.concatenate([snapshot(A, 0), snapshot(B, 0)]))
    assert resyncs.due(START + SECOND) == []
    resyncs.update(quote(A, kind, 2 * SECOND, "0.001"))
    assert resyncs.due(START + 2 * SECOND) == [Resync("polymarket", (A,))]
    assert resyncs.due(START + 11 * SECOND) == [], "it was asked for just now"
    assert resyncs.due(START + 12 * SECOND) == [Resync("polymarket", (A,))]
    resyncs.update(snapshot(A, 13 * SECOND))
    assert resyncs.due(START + 99 * SECOND) == []
    assert resyncs.due(START + 100 * SECOND) == [Resync("polymarket", (B,))], "good ones now and then"
    resyncs.untrack(TOKENS)
    assert resyncs.due(START + 999 * SECOND) == []


def test_a_book_without_a_snapshot_is_requested() -> None:
    resyncs = Resyncs()
    resyncs.track(TOKENS[:1])
    resyncs.update(quote(B, LEVEL, 0, "0.5", "3", BID))  # of no market that is known
    resyncs.update(quote(A, LEVEL, 0, "0.5", "3", BID))
    assert resyncs.due(START) == [Resync("polymarket", (A,))]


def test_split_tracks_the_books_it_processes() -> None:
    split, buffer = MarketSplit([EVENT]), RowBuffer("x")
    buffer.quote(START, TWO.yes.instrument, DROP)
    split.items(buffer)
    assert split.resyncs.due(START) == [Resync("polymarket", (TWO.yes.name,))]


def test_only_books_of_open_markets_are_requested_after_a_move() -> None:
    single = alone(1)
    split, buffer = MarketSplit([single]), RowBuffer("x")
    assert split.resyncs.due(0) == []
    buffer.group(EVENT)
    split.items(buffer)
    tokens = tuple(sorted(token.name for market in EVENT.markets for token in market.tokens))
    assert split.resyncs.due(0) == [Resync("polymarket", tokens)]
    buffer.change(MarketChange(ONE.name, "resolved", ONE.yes.name))
    buffer.quote(START, TWO.yes.instrument, DROP)
    split.items(buffer)
    left = tuple(sorted(token.name for token in TWO.tokens))
    assert split.resyncs.due(START + 20 * SECOND) == [Resync("polymarket", left)]
