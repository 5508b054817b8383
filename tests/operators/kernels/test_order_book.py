"""Order books as columns, against one stored in a dictionary."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.quotes import ASK, BID, CHANGE, CLEAR, CONTIGUOUS_SEQ, DROP, LEVEL, NO_SEQ, QUOTE, READY, TICK, TOP
from operators.kernels import order_book as kernels
from operators.kernels.order_book import ASKS, BIDS, BOOK, DEPTH, GOOD, NOTHING, SIDE, TALLY, UNKNOWN, VOID

LIMIT = 1_000_000_000
CENT = 10_000_000
SECOND = 1_000_000_000


class Columns:
    """One book as the kernels keep it."""

    def __init__(self) -> None:
        self.books, self.sides = np.zeros(1, BOOK), np.zeros((1, 2), SIDE)
        self.levels, self.sizes = np.zeros((1, 2, DEPTH), np.int64), np.zeros((1, 2, DEPTH), np.int64)
        self.tally = np.zeros(TALLY, np.int64)
        self.books["limit"], self.sides["bound"], self.sides["told"] = LIMIT, NOTHING, kernels.NOT_SENT

    def take(self, *rows: Any) -> "Columns":
        for row in rows:
            kernels.apply_row(
                row, int(row["ts"]), self.books[0], self.sides[0], self.levels[0], self.sizes[0], self.tally
            )
        return self

    def end(self, now: int = 0) -> "Columns":
        kernels.end_message(self.books[0], self.sides[0], self.levels[0], self.sizes[0], now, self.tally)
        return self

    def printed(self, price: int, taker: int, at: int) -> "Columns":
        row = quote(kernels.PRINT, price=price, side=taker, ts=at)
        kernels.take_print(row, at, self.books[0], self.sides[0], self.levels[0], 2 * SECOND)
        return self

    def usable(self, now: int = 0, stale: int = 300 * SECOND) -> bool:
        return bool(kernels.usable(self.books[0], self.sides[0], now, stale, self.tally))

    @property
    def state(self) -> tuple[int, str]:
        return int(self.books["state"][0]), kernels.WHYS[self.books["why"][0]]

    def side(self, side: int) -> list[tuple[int, int]]:
        count = int(self.sides["count"][0, side])
        return [
            (abs(int(p)), int(s))
            for p, s in zip(self.levels[0, side, :count], self.sizes[0, side, :count], strict=True)
        ]


@dataclass
class Plain:
    """One book as one would keep it without thinking of speed: whole, and with the bound of what may be forgotten."""

    good: bool = False
    sides: dict[int, dict[int, int]] = field(default_factory=lambda: {BID: {}, ASK: {}})
    bound: dict[int, int | None] = field(default_factory=lambda: {BID: None, ASK: None})

    def within(self, side: int, price: int) -> bool:
        bound = self.bound[side]
        return bound is None or (price - bound) * side > 0

    def kept(self, side: int) -> list[tuple[int, int]]:
        inside = [(p, s) for p, s in self.sides[side].items() if self.within(side, p)]
        return sorted(inside, reverse=side == BID)

    def put(self, side: int, price: int, size: int, adding: bool) -> None:
        if adding and self.within(side, price):
            size += self.sides[side].get(price, 0)
        if size < 0:
            self.good = False
        elif size:
            self.sides[side][price] = size
        else:
            self.sides[side].pop(price, None)
        if len(kept := self.kept(side)) > DEPTH:
            self.bound[side] = kept[DEPTH][0]


def quote(kind: int, price: int = 0, size: int = 0, side: int = 0, ts: int = 0, seq: int = NO_SEQ, flags: int = 0):
    return np.array([(ts, ts, 7, price, size, seq, side, kind, flags, 0)], QUOTE)[0]


def snapshot(bids: dict[int, int], asks: dict[int, int], ts: int = 0) -> list[Any]:
    levels = [quote(LEVEL, p, s, side, ts) for side, book in ((BID, bids), (ASK, asks)) for p, s in book.items()]
    return [quote(CLEAR, ts=ts), *levels, quote(READY, ts=ts)]


def usual() -> Columns:
    return Columns().take(*snapshot({40 * CENT: 5, 39 * CENT: 9}, {42 * CENT: 7, 45 * CENT: 3})).end()


changes = st.tuples(
    st.sampled_from([LEVEL, LEVEL, LEVEL, CHANGE]),
    st.sampled_from([BID, ASK]),
    st.integers(1, 120),
    st.sampled_from([0, 0, 3, 5, 8]),
)


@settings(max_examples=150)
@given(st.lists(changes, max_size=400))
def test_the_columns_hold_the_best_of_the_whole_book(steps) -> None:
    columns, plain = Columns().take(quote(CLEAR), quote(READY)), Plain(good=True)
    for kind, side, price, size in steps:
        columns.take(quote(kind, price * CENT // 2, size, side))
        plain.put(side, price * CENT // 2, size, kind == CHANGE)
        assert columns.side(BIDS) == plain.kept(BID)
        assert columns.side(ASKS) == plain.kept(ASK)


@settings(max_examples=30)
@given(st.permutations(range(1, 90)), st.lists(st.integers(1, 90), max_size=90))
def test_a_deep_book_keeps_its_best(prices, gone) -> None:
    columns, plain = Columns().take(quote(CLEAR), quote(READY)), Plain(good=True)
    for price, size in [(p, 4) for p in prices] + [(p, 0) for p in gone]:
        columns.take(quote(LEVEL, price * CENT, size, BID))
        plain.put(BID, price * CENT, size, False)
    assert columns.side(BIDS) == plain.kept(BID)
    if not plain.kept(BID):
        assert columns.end().state == (VOID, "beyond the depth kept")


def test_no_book_before_its_snapshot() -> None:
    columns = Columns().take(quote(LEVEL, 40 * CENT, 5, BID)).end()
    assert columns.state == (UNKNOWN, "")
    assert columns.tally[kernels.UNREADY] == 1
    assert not columns.take(*snapshot({40 * CENT: 5}, {})[:-1]).end().usable(), "the snapshot is not whole"
    assert columns.take(quote(READY)).end().usable()


@pytest.mark.parametrize(
    ("rows", "why"),
    [
        ([quote(DROP)], "feed interrupted"),
        ([quote(TICK, CENT // 10)], "tick size changed"),
        ([quote(CHANGE, 40 * CENT, -6, BID)], "mismatch"),
        ([quote(TOP, 41 * CENT, 0, BID)], "mismatch"),
        ([quote(TOP, 0, 0, ASK)], "mismatch"),
        ([quote(LEVEL, 40 * CENT, 1, BID, ts=-1)], "out of order"),
    ],
)
def test_what_voids_a_book(rows, why) -> None:
    columns = usual().take(*rows).end()
    assert columns.state == (VOID, why)
    assert not columns.usable()
    assert columns.tally[kernels.VOIDED] == 1
    later = columns.take(*snapshot({40 * CENT: 5}, {42 * CENT: 7}, ts=5)).end()
    assert later.usable(), "the next snapshot mends it"


def test_the_best_price_of_the_venue_counts_once_the_message_is_whole() -> None:
    early = usual().take(quote(TOP, 41 * CENT, 0, BID), quote(LEVEL, 41 * CENT, 2, BID), quote(TOP, 42 * CENT, 0, ASK))
    assert early.end().usable()
    assert usual().take(quote(LEVEL, 40 * CENT, 0, BID), quote(TOP, 39 * CENT, 0, BID)).end().usable()
    empty = Columns().take(*snapshot({40 * CENT: 5}, {}), quote(TOP, 0, 0, ASK)).end()
    assert empty.usable(), "a best ask of nothing is an empty side"


def test_a_crossed_book_cannot_be_used_until_it_uncrosses() -> None:
    columns = usual().take(quote(LEVEL, 42 * CENT, 2, BID)).end()
    assert not columns.usable()
    assert columns.tally[kernels.CROSSINGS] == 1
    assert columns.take(quote(LEVEL, 42 * CENT, 0, ASK)).end().usable()


def test_within_a_message_books_may_cross() -> None:
    columns = usual().take(quote(LEVEL, 42 * CENT, 2, BID), quote(LEVEL, 42 * CENT, 0, ASK)).end()
    assert columns.usable()
    assert columns.tally[kernels.CROSSINGS] == 0


@pytest.mark.parametrize("price", [0, LIMIT, -CENT, LIMIT + CENT])
def test_a_price_of_0_or_1_is_no_level(price) -> None:
    columns = usual().take(quote(LEVEL, price, 5, ASK)).end()
    assert columns.side(ASKS) == [(42 * CENT, 7), (45 * CENT, 3)]
    assert columns.tally[kernels.BAD_PRICE] == 1
    assert columns.usable()


def numbered(seq: int, size: int, flags: int = CONTIGUOUS_SEQ):
    return quote(LEVEL, 40 * CENT, size, BID, seq=seq, flags=flags)


@pytest.mark.parametrize(
    ("numbers", "flags", "state", "size"),
    [
        ((7, 8, 8, 9), CONTIGUOUS_SEQ, (GOOD, ""), 9),
        ((7, 8, 7, 9), CONTIGUOUS_SEQ, (GOOD, ""), 9),
        ((7, 9), CONTIGUOUS_SEQ, (VOID, "gap"), None),
        ((7, 9), 0, (GOOD, ""), 9),
        ((7, 6), 0, (VOID, "out of order"), None),
    ],
)
def test_numbers_of_the_venue(numbers, flags, state, size) -> None:
    columns = usual().take(*(numbered(number, number, flags) for number in numbers)).end()
    assert columns.state == state
    if size:
        assert columns.side(BIDS)[0] == (40 * CENT, size)


def test_snapshot_is_accepted_whatever_its_time() -> None:
    columns = usual().take(quote(LEVEL, 40 * CENT, 6, BID, ts=9), quote(DROP, ts=20))
    assert columns.take(*snapshot({40 * CENT: 5}, {}, ts=3)).end().usable()


def test_a_level_that_trades_print_through_is_a_ghost() -> None:
    columns = usual().printed(45 * CENT, BID, SECOND)
    assert columns.usable(2 * SECOND)
    assert not columns.usable(3 * SECOND)
    assert columns.state == (VOID, "ghost")


def test_level_removed_in_time_is_no_ghost() -> None:
    columns = usual().printed(45 * CENT, BID, SECOND).take(quote(LEVEL, 42 * CENT, 0, ASK, ts=SECOND)).end(SECOND)
    assert columns.usable(9 * SECOND)


def test_trade_at_or_before_the_best_price_is_no_ghost() -> None:
    assert usual().printed(42 * CENT, BID, SECOND).usable(9 * SECOND)
    renewed = usual().take(quote(LEVEL, 41 * CENT, 5, ASK, ts=2 * SECOND)).end(2 * SECOND)
    assert renewed.printed(45 * CENT, BID, SECOND).usable(9 * SECOND)


def test_book_without_recent_update_is_stale() -> None:
    assert usual().usable(300 * SECOND)
    assert not usual().usable(301 * SECOND)
