"""Scan tables: the market groups of a shard as arrays for the kernels: order books, baskets and legs.

Group updates are queued and the tables rebuilt before the next row is scanned, so that a thousand updates
in a row cost one rebuild. The books of a token and the state of a basket survive a rebuild; a basket whose
legs have changed is a new basket.
"""

import zlib
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from domain.arbitrage import ArbitrageSettings
from domain.markets import Group
from domain.quotes import NO_SEQ
from operators.appraise import Book
from operators.arbitrages import Arbitrage, Basket, Leg
from operators.group_tables import GroupBasket, GroupTables, Key, gas_of, group_tables
from operators.kernels.basket import BASKET, FIGURES, FIRST, LEG, SKIPPED, TERMS
from operators.kernels.order_book import ASKS, BIDS, BOOK, DEPTH, NOT_SENT, NOTHING, SIDE, index_books

Rows = NDArray[Any]
BASKET_STATE = ("open", "sighted", "told_size", "best_size", "told_net", "best_edge", "best_net")
"""Columns of BASKET that hold the state of a basket rather than its terms."""


class ScanTables:
    """The tables of one shard.

    Attributes
    ----------
    pending
        Group updates since the last rebuild, by name.
    scanned, row_of
        The baskets in the order of the rows of `baskets`; the row of each, by its key.
    books, sides, levels, sizes
        Order books by slot; slots are ordered by instrument number. See `operators.kernels.order_book`.
    baskets, legs, terms
        See `operators.kernels.basket`; `terms` by slot.
    table, index, scratch
        See `operators.kernels.scanning.scan`.
    """

    def __init__(self, kinds: Sequence[Arbitrage], settings: ArbitrageSettings) -> None:
        self._kinds = kinds
        self._gas = settings.gas
        self._groups: dict[str, GroupTables] = {}
        self._packed: bytes | None = None
        self.pending: dict[str, Group] = {}
        self.scanned: list[GroupBasket] = []
        self.row_of: dict[Key, int] = {}
        self.baskets, self.legs = np.zeros(0, BASKET), np.zeros(0, LEG)
        self.books, self.sides, self.terms = np.zeros(0, BOOK), np.zeros((0, 2), SIDE), np.zeros(0, TERMS)
        self.levels, self.sizes = np.zeros((0, 2, DEPTH), np.int64), np.zeros((0, 2, DEPTH), np.int64)
        self._build_index()

    def update(self, groups: Sequence[Group]) -> None:
        """Queue new groups and new versions of known ones."""
        for group in groups:
            self.pending.pop(group.name, None)
            self.pending[group.name] = group

    @property
    def groups(self) -> dict[str, Group]:
        """The groups in the tables, by name; a group whose markets are all resolved is dropped."""
        return {name: each.group for name, each in self._groups.items()}

    @property
    def packed_groups(self) -> bytes:
        """Those groups as compressed JSON."""
        if self._packed is None:  # groups change seldom, snapshots are frequent
            self._packed = zlib.compress(msgspec.json.encode(list(self.groups.values())))
        return self._packed

    @property
    def occupied(self) -> NDArray[np.bool_]:
        """Mask of the entries of `levels` and `sizes` that hold a level."""
        return np.arange(DEPTH) < self.sides["count"][..., None]

    @property
    def failed_gates(self) -> dict[str, int]:
        """Number of baskets with a failed gate, by the reason of the gate."""
        reasons = {reason for each in self._groups.values() for reason in each.failed_gates}
        return {reason: sum(each.failed_gates[reason] for each in self._groups.values()) for reason in sorted(reasons)}

    def rebuild(self) -> list[tuple[GroupBasket, Any]]:
        """Apply the pending updates; return the open baskets that are gone, with their last rows."""
        for name, group in self.pending.items():
            self._groups.pop(name, None)
            if any(member.status != "resolved" for member in group.members):
                self._groups[name] = group_tables(group, self._kinds, self._gas)
        self.pending, self._packed = {}, None
        before, baskets, legs = list(zip(self.scanned, self.baskets, strict=True)), self.baskets, self.legs
        old_row = self.row_of
        parts = list(self._groups.values())
        numbers = np.concatenate([np.zeros(0, np.int64), *(each.instruments for each in parts)])
        instruments, first, slots = np.unique(numbers, return_index=True, return_inverse=True)
        self._build_books(instruments, np.concatenate([np.zeros(0, np.int64), *(each.limits for each in parts)])[first])
        self.terms = np.concatenate([np.zeros(0, TERMS), *(each.terms for each in parts)])[first]
        self._build_baskets(parts, slots)
        self._build_index()
        same = [
            (row, old_row[each.key])
            for row, each in enumerate(self.scanned)
            if each.key in old_row and _same_legs(each, before[old_row[each.key]][0])
        ]
        self._carry_over(same, baskets, legs)
        survivors = {old for _, old in same}
        return [(each, row) for at, (each, row) in enumerate(before) if row["open"] and at not in survivors]

    @property
    def book_arrays(self) -> tuple[Rows, ...]:
        """The order books in the form that the kernels take."""
        return self.books, self.sides, self.levels, self.sizes

    def slot(self, instrument: int) -> int | None:
        """Slot of a token's book; None if no group contains the token."""
        at = int(np.searchsorted(self.books["instrument"], instrument))
        return at if at < self.books.size and self.books["instrument"][at] == instrument else None

    def book(self, slot: int) -> Book:
        """Copy of a book in its current state."""
        bids, asks = (
            tuple(
                zip(
                    np.abs(self.levels[slot, side, :count]).tolist(),
                    self.sizes[slot, side, :count].tolist(),
                    strict=True,
                )
            )
            for side, count in ((BIDS, self.sides["count"][slot, BIDS]), (ASKS, self.sides["count"][slot, ASKS]))
        )
        return Book(bids, asks, int(self.books["ts"][slot]), int(self.books["seen_at"][slot]))

    def chosen(self, at: int) -> list[tuple[Leg, int]]:
        """The legs currently selected of a basket, and the slots of their books."""
        mine = self.baskets[at]
        selected = []
        for leg, row in zip(self.scanned[at].basket.legs, self.legs[mine["first"] :], strict=False):
            choice = leg if row["now"] == FIRST else leg.other
            if row["now"] != SKIPPED and choice is not None:
                selected.append((choice, int(row["token"] if row["now"] == FIRST else row["other"])))
        return selected

    def gas(self, basket: Basket) -> Decimal:
        """On-chain transaction cost of a basket in dollars."""
        return gas_of(basket, self._gas)

    def _build_books(self, instruments: NDArray[np.int64], limits: NDArray[np.int64]) -> None:
        """Allocate the books of `instruments` (ascending); known books keep their state."""
        count = instruments.size
        before = self.book_arrays
        self.books, self.sides = np.zeros(count, BOOK), np.zeros((count, 2), SIDE)
        self.levels, self.sizes = np.zeros((count, 2, DEPTH), np.int64), np.zeros((count, 2, DEPTH), np.int64)
        self.books["instrument"], self.books["limit"], self.books["seq"] = instruments, limits, NO_SEQ
        self.sides["bound"], self.sides["best"], self.sides["told"] = NOTHING, NOTHING, NOT_SENT
        _, new, known = np.intersect1d(instruments, before[0]["instrument"], return_indices=True)
        for fresh, old in zip(self.book_arrays, before, strict=True):
            fresh[new] = old[known]

    def _build_baskets(self, parts: Sequence[GroupTables], slots: NDArray[np.int64]) -> None:
        """Concatenate the baskets and legs of all groups; `slots` are those of their tokens, group by group."""
        self.scanned = [each for part in parts for each in part.scanned]
        self.row_of = {each.key: row for row, each in enumerate(self.scanned)}
        self.baskets = np.concatenate([np.zeros(0, BASKET), *(part.baskets for part in parts)])
        self.legs = np.concatenate([np.zeros(0, LEG), *(part.legs for part in parts)])
        legs = np.array([part.legs.size for part in parts], np.int64)
        tokens = np.array([part.instruments.size for part in parts], np.int64)
        self.baskets["first"] += np.repeat(np.cumsum(legs) - legs, [part.baskets.size for part in parts])
        begins = np.repeat(np.cumsum(tokens) - tokens, legs)
        self.legs["token"] = slots[self.legs["token"] + begins]
        alternative = self.legs["other"] >= 0
        self.legs["other"][alternative] = slots[(self.legs["other"] + begins)[alternative]]

    def _build_index(self) -> None:
        """Build the index from tokens to their baskets, and the hash table from instruments to slots."""
        count, baskets = self.books.size, self.baskets.size
        of = np.repeat(np.arange(baskets), self.baskets["legs"])
        alternative = self.legs["other"] >= 0
        slots = np.concatenate([self.legs["token"], self.legs["other"][alternative]])
        pairs = np.unique(slots * max(1, baskets) + np.concatenate([of, of[alternative]]))
        first_of = np.searchsorted(pairs // max(1, baskets), np.arange(count + 1)).astype(np.int64)
        self.index = (first_of, pairs % max(1, baskets))
        size = max(64, 1 << (4 * count).bit_length())
        self.table = (np.zeros(size, np.int64), np.full(size, -1, np.int64))
        index_books(*self.table, self.books)
        self.scratch = (
            np.zeros(baskets, np.int64),
            np.zeros(baskets, np.int64),
            np.zeros(count, np.int64),
            np.zeros((2, int(self.baskets["legs"].max(initial=1))), np.int64),
            np.zeros(1, FIGURES),
        )

    def _carry_over(self, same: Sequence[tuple[int, int]], baskets: Rows, legs: Rows) -> None:
        """Copy the state of surviving baskets, given as (new row, old row), from the old tables."""
        new, old = np.array(same, np.int64).reshape(-1, 2).T
        for name in BASKET_STATE:
            self.baskets[name][new] = baskets[name][old]
        counts = self.baskets["legs"][new]
        steps = np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts)
        to = np.repeat(self.baskets["first"][new], counts) + steps
        by = np.repeat(baskets["first"][old], counts) + steps
        for name in ("now", "told"):
            self.legs[name][to] = legs[name][by]


def _same_legs(basket: GroupBasket, before: GroupBasket) -> bool:
    """Whether two baskets with the same key have the same legs."""
    return basket is before or basket.tokens == before.tokens
