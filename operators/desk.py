"""Desk: the groups of a shard laid out as tables, for the kernels to scan: books, baskets and their legs.

Groups are taken in when they are told, and laid out before the next row is scanned, so that a thousand
that come one by one are laid out once. Books and what happened to a basket move along with their token
and their legs; a basket whose legs are no longer the same is another basket.
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
from operators.kernels.basket import BASKET, FIGURES, FIRST, LEG, SKIPPED, TERMS
from operators.kernels.order_book import ASKS, BIDS, BOOK, DEPTH, NOTHING, SIDE, UNTOLD, index_books
from operators.pitch import Key, Pitch, Stall, gas_of, pitch_of

Rows = NDArray[Any]
LIVED = ("open", "sighted", "told_size", "best_size", "told_net", "best_edge", "best_net")
"""What happened to a basket."""


class Desk:
    """The tables of one shard.

    Attributes
    ----------
    waiting
        Groups that were told since the tables were laid.
    stalls, places
        The baskets that are scanned, in the order of `baskets`; and where there each is, by its key.
    books, sides, levels, sizes
        By slot of the token, in the order of their numbers; see `operators.kernels.order_book`.
    baskets, legs, terms
        See `operators.kernels.basket`; `terms` by slot.
    table, index, scratch
        See `operators.kernels.scanning.scan`.
    """

    def __init__(self, kinds: Sequence[Arbitrage], settings: ArbitrageSettings) -> None:
        self._kinds = kinds
        self._gas = settings.gas
        self._pitches: dict[str, Pitch] = {}
        self._told: bytes | None = None
        self.waiting: dict[str, Group] = {}
        self.stalls: list[Stall] = []
        self.places: dict[Key, int] = {}
        self.baskets, self.legs = np.zeros(0, BASKET), np.zeros(0, LEG)
        self.books, self.sides, self.terms = np.zeros(0, BOOK), np.zeros((0, 2), SIDE), np.zeros(0, TERMS)
        self.levels, self.sizes = np.zeros((0, 2, DEPTH), np.int64), np.zeros((0, 2, DEPTH), np.int64)
        self._lay_index()

    def learn(self, groups: Sequence[Group]) -> None:
        """Take in new groups and new versions of old ones."""
        for group in groups:
            self.waiting.pop(group.name, None)
            self.waiting[group.name] = group

    @property
    def groups(self) -> dict[str, Group]:
        """Those that are laid out, by name; one whose markets are all over is forgotten."""
        return {name: pitch.group for name, pitch in self._pitches.items()}

    @property
    def told(self) -> bytes:
        """Those groups as they were told, packed."""
        if self._told is None:  # they change seldom, and snapshots are many
            self._told = zlib.compress(msgspec.json.encode(list(self.groups.values())))
        return self._told

    @property
    def kept(self) -> NDArray[np.bool_]:
        """Where in `levels` and `sizes` something stands."""
        return np.arange(DEPTH) < self.sides["count"][..., None]

    @property
    def shut(self) -> dict[str, int]:
        """How many baskets have a gate that is shut, by the gate's reason."""
        reasons = {reason for pitch in self._pitches.values() for reason in pitch.shut}
        return {reason: sum(pitch.shut[reason] for pitch in self._pitches.values()) for reason in sorted(reasons)}

    def lay(self) -> list[tuple[Stall, Any]]:
        """Lay out the groups that wait; the open baskets that are no more, and their rows."""
        for name, group in self.waiting.items():
            self._pitches.pop(name, None)
            if any(member.status != "resolved" for member in group.members):
                self._pitches[name] = pitch_of(group, self._kinds, self._gas)
        self.waiting, self._told = {}, None
        before, baskets, legs = list(zip(self.stalls, self.baskets, strict=True)), self.baskets, self.legs
        places = self.places
        pitches = list(self._pitches.values())
        numbers = np.concatenate([np.zeros(0, np.int64), *(pitch.instruments for pitch in pitches)])
        instruments, first, slots = np.unique(numbers, return_index=True, return_inverse=True)
        self._lay_books(instruments, np.concatenate([np.zeros(0, np.int64), *(each.limits for each in pitches)])[first])
        self.terms = np.concatenate([np.zeros(0, TERMS), *(pitch.terms for pitch in pitches)])[first]
        self._lay_baskets(pitches, slots)
        self._lay_index()
        same = [
            (at, places[stall.key])
            for at, stall in enumerate(self.stalls)
            if stall.key in places and _alike(stall, before[places[stall.key]][0])
        ]
        self._go_on(same, baskets, legs)
        kept = {old for _, old in same}
        return [(stall, row) for at, (stall, row) in enumerate(before) if row["open"] and at not in kept]

    @property
    def house(self) -> tuple[Rows, ...]:
        """The books, as kernels take them."""
        return self.books, self.sides, self.levels, self.sizes

    def slot(self, instrument: int) -> int | None:
        """Where the token's book is; None if no group has it."""
        at = int(np.searchsorted(self.books["instrument"], instrument))
        return at if at < self.books.size and self.books["instrument"][at] == instrument else None

    def book(self, slot: int) -> Book:
        """A book as it is now."""
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
        """The legs of a basket that are taken now, and the slots of their books."""
        mine = self.baskets[at]
        found = []
        for leg, row in zip(self.stalls[at].basket.legs, self.legs[mine["first"] :], strict=False):
            taken = leg if row["now"] == FIRST else leg.other
            if row["now"] != SKIPPED and taken is not None:
                found.append((taken, int(row["token"] if row["now"] == FIRST else row["other"])))
        return found

    def gas(self, basket: Basket) -> Decimal:
        """Dollars that a basket costs on chain."""
        return gas_of(basket, self._gas)

    def _lay_books(self, instruments: NDArray[np.int64], limits: NDArray[np.int64]) -> None:
        """Books of `instruments`, which ascend; those that are there already stay as they are."""
        count = instruments.size
        before = self.house
        self.books, self.sides = np.zeros(count, BOOK), np.zeros((count, 2), SIDE)
        self.levels, self.sizes = np.zeros((count, 2, DEPTH), np.int64), np.zeros((count, 2, DEPTH), np.int64)
        self.books["instrument"], self.books["limit"], self.books["seq"] = instruments, limits, NO_SEQ
        self.sides["bound"], self.sides["best"], self.sides["told"] = NOTHING, NOTHING, UNTOLD
        _, new, known = np.intersect1d(instruments, before[0]["instrument"], return_indices=True)
        for fresh, kept in zip(self.house, before, strict=True):
            fresh[new] = kept[known]

    def _lay_baskets(self, pitches: Sequence[Pitch], slots: NDArray[np.int64]) -> None:
        """Baskets and legs of all pitches; `slots` are those of their tokens, pitch by pitch."""
        self.stalls = [stall for pitch in pitches for stall in pitch.stalls]
        self.places = {stall.key: at for at, stall in enumerate(self.stalls)}
        self.baskets = np.concatenate([np.zeros(0, BASKET), *(pitch.baskets for pitch in pitches)])
        self.legs = np.concatenate([np.zeros(0, LEG), *(pitch.legs for pitch in pitches)])
        legs = np.array([pitch.legs.size for pitch in pitches], np.int64)
        tokens = np.array([pitch.instruments.size for pitch in pitches], np.int64)
        self.baskets["first"] += np.repeat(np.cumsum(legs) - legs, [pitch.baskets.size for pitch in pitches])
        begins = np.repeat(np.cumsum(tokens) - tokens, legs)
        self.legs["token"] = slots[self.legs["token"] + begins]
        there = self.legs["other"] >= 0
        self.legs["other"][there] = slots[(self.legs["other"] + begins)[there]]

    def _lay_index(self) -> None:
        """For each token the baskets that it is in, and the table by which it is found."""
        count, baskets = self.books.size, self.baskets.size
        of = np.repeat(np.arange(baskets), self.baskets["legs"])
        there = self.legs["other"] >= 0
        slots = np.concatenate([self.legs["token"], self.legs["other"][there]])
        pairs = np.unique(slots * max(1, baskets) + np.concatenate([of, of[there]]))
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

    def _go_on(self, same: Sequence[tuple[int, int]], baskets: Rows, legs: Rows) -> None:
        """What happened to baskets, (new, old) places, happened to them still."""
        new, old = np.array(same, np.int64).reshape(-1, 2).T
        for name in LIVED:
            self.baskets[name][new] = baskets[name][old]
        counts = self.baskets["legs"][new]
        steps = np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts)
        to = np.repeat(self.baskets["first"][new], counts) + steps
        by = np.repeat(baskets["first"][old], counts) + steps
        for name in ("now", "told"):
            self.legs[name][to] = legs[name][by]


def _alike(stall: Stall, before: Stall) -> bool:
    """Whether two baskets of one key have the same legs."""
    return stall is before or stall.tokens == before.tokens
