"""Desk: the groups of a shard laid out as tables, for the kernels to scan: books, baskets and their legs.

The tables are laid anew when a group changes. Books and what happened to a basket move along with their
token and their legs; a basket whose legs are no longer the same is another basket.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import chain
from math import lcm
from typing import Any

import numpy as np
from numpy.typing import NDArray

from domain.arbitrage import ArbitrageSettings
from domain.fees import KALSHI_RATE
from domain.instruments import venue_of
from domain.markets import FeeSchedule, Group, Listing, Market
from domain.quotes import NO_SEQ, PRICE_UNITS, to_price, to_size
from operators.appraise import Book
from operators.arbitrages import Arbitrage, Basket, Leg
from operators.kernels.basket import BASKET, FEE_KINDS, FIGURES, FIRST, LEG, SKIPPED, TERMS
from operators.kernels.order_book import ASKS, BIDS, BOOK, DEPTH, NOTHING, SIDE, UNTOLD
from operators.kernels.slots import find_slot

Rows = NDArray[Any]
Key = tuple[str, str, str]
"""Names of the group, of the arbitrage, and the basket's own key."""
ON_CHAIN = {"polymarket", "sim"}
"""Venues where a basket is split, merged or redeemed by a transaction; the simulator plays Polymarket."""


@dataclass(frozen=True)
class Stall:
    """A basket that is scanned, and the group it belongs to."""

    group: Group
    basket: Basket

    @property
    def key(self) -> Key:
        """Tells it from all others."""
        return self.group.name, self.basket.kind, self.basket.key

    @property
    def tokens(self) -> tuple[str, ...]:
        """Of its legs, and those that may stand in their place."""
        return tuple(each.token.name for leg in self.basket.legs for each in (leg, leg.other) if each)


class Desk:
    """The tables of one shard.

    Attributes
    ----------
    groups
        By name, as they were told last; those whose markets are all over are forgotten.
    stalls, places
        The baskets that are scanned, in the order of `baskets`; and where there each is, by its key.
    shut
        How many baskets have a gate that is shut, by the gate's reason.
    books, sides, levels, sizes
        By slot of the token; see `operators.kernels.order_book`.
    baskets, legs, terms
        See `operators.kernels.basket`; `terms` by slot.
    """

    def __init__(self, kinds: Sequence[Arbitrage], settings: ArbitrageSettings) -> None:
        self._kinds = kinds
        self._gas = settings.gas
        self.groups: dict[str, Group] = {}
        self._slots: dict[int, int] = {}
        self._lay()

    def learn(self, groups: Sequence[Group]) -> list[tuple[Stall, Any]]:
        """Take in new groups and new versions of old ones; the open baskets that are no more, and their rows."""
        for group in groups:
            self.groups.pop(group.name, None)
            if any(member.status != "resolved" for member in group.members):
                self.groups[group.name] = group
        before = {stall.key: (stall, at) for at, stall in enumerate(self.stalls)}
        baskets, legs = self.baskets, self.legs
        held = (self._slots, self.books, self.sides, self.levels, self.sizes)
        self._lay()
        self._move_books(*held)
        for at, stall in enumerate(self.stalls):
            old = before.get(stall.key)
            if old is not None and old[0].tokens == stall.tokens:
                self._move_basket(at, baskets[old[1]], legs)
                del before[stall.key]
        return [(stall, baskets[at]) for stall, at in before.values() if baskets[at]["open"]]

    @property
    def house(self) -> tuple[Rows, ...]:
        """The books, as kernels take them."""
        return self.books, self.sides, self.levels, self.sizes

    def slot(self, instrument: int) -> int | None:
        """Where the token's book is; None if no group has it."""
        return self._slots.get(instrument)

    def book(self, slot: int) -> Book:
        """A book as it is now."""
        sides = [
            tuple(
                zip(
                    np.abs(self.levels[slot, side, :count]).tolist(),
                    self.sizes[slot, side, :count].tolist(),
                    strict=True,
                )
            )
            for side, count in ((BIDS, self.sides["count"][slot, BIDS]), (ASKS, self.sides["count"][slot, ASKS]))
        ]
        return Book(sides[0], sides[1], int(self.books["ts"][slot]), int(self.books["seen_at"][slot]))

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
        on_chain = any(venue_of(leg.token.name) in ON_CHAIN for leg in basket.legs)
        return Decimal(str(self._gas)) if on_chain else Decimal(0)

    def _lay(self) -> None:
        tokens: dict[int, Market | Listing] = {}
        for member in chain.from_iterable(group.members for group in self.groups.values()):
            for token in member.tokens:
                tokens.setdefault(token.instrument, member)
        self._slots = {instrument: slot for slot, instrument in enumerate(tokens)}
        count = len(tokens)
        self.books, self.sides = np.zeros(count, BOOK), np.zeros((count, 2), SIDE)
        self.levels, self.sizes = np.zeros((count, 2, DEPTH), np.int64), np.zeros((count, 2, DEPTH), np.int64)
        self.terms = np.array([_terms(market) for market in tokens.values()], TERMS)
        self.books["instrument"] = list(tokens)
        self.books["tick"] = [to_price(market.tick) for market in tokens.values()]
        self.books["limit"] = [PRICE_UNITS if isinstance(market, Market) else NOTHING for market in tokens.values()]
        self.books["seq"] = NO_SEQ
        self.sides["bound"], self.sides["best"], self.sides["told"] = NOTHING, NOTHING, UNTOLD
        self._lay_baskets()
        self._lay_index(count)

    def _lay_baskets(self) -> None:
        self.stalls: list[Stall] = []
        self.shut: dict[str, int] = {}
        for group in self.groups.values():
            for basket in chain.from_iterable(kind.baskets(group) for kind in self._kinds):
                if basket.allowed:
                    self.stalls.append(Stall(group, basket))
                for gate in basket.gates:
                    if not gate.passed:
                        self.shut[gate.reason] = self.shut.get(gate.reason, 0) + 1
        self.places = {stall.key: at for at, stall in enumerate(self.stalls)}
        self.baskets = np.zeros(len(self.stalls), BASKET)
        self.legs = np.zeros(sum(len(stall.basket.legs) for stall in self.stalls), LEG)
        first = 0
        for row, stall in zip(self.baskets, self.stalls, strict=True):
            basket = stall.basket
            row["first"], row["legs"], row["payoff"] = first, len(basket.legs), to_price(basket.payoff)
            row["least"], row["confirm"] = basket.least, basket.confirm
            row["lot"] = lcm(*(to_size(leg.market.lot) for leg in basket.legs))
            row["minimum"] = max(to_size(leg.market.minimum_size) for leg in basket.legs)
            row["gas"] = float(self.gas(basket))
            for leg in basket.legs:
                self.legs[first] = self._leg(leg)
                first += 1

    def _leg(self, leg: Leg) -> tuple[int, ...]:
        other = leg.other
        return (
            self._slots[leg.token.instrument],
            ASKS if leg.side == "buy" else BIDS,
            to_price(leg.adds),
            self._slots[other.token.instrument] if other else -1,
            (ASKS if other.side == "buy" else BIDS) if other else 0,
            to_price(other.adds) if other else 0,
            leg.optional,
            FIRST,
            FIRST,
        )

    def _lay_index(self, tokens: int) -> None:
        """For each token the baskets that it is in, and the table by which it is found."""
        pairs = sorted(
            {
                (int(slot), at)
                for at, row in enumerate(self.baskets)
                for leg in self.legs[row["first"] : row["first"] + row["legs"]]
                for slot in (leg["token"], leg["other"])
                if slot >= 0
            }
        )
        slots = np.array([slot for slot, _ in pairs], np.int64)
        self.index = (
            np.searchsorted(slots, np.arange(tokens + 1)).astype(np.int64),
            np.array([at for _, at in pairs], np.int64),
        )
        size = max(64, 1 << (4 * tokens).bit_length())
        self.table = (np.zeros(size, np.int64), np.full(size, -1, np.int64))
        for slot, instrument in enumerate(self.books["instrument"]):
            at = find_slot(*self.table, instrument)
            self.table[0][at], self.table[1][at] = instrument, slot
        most = int(self.baskets["legs"].max(initial=1))
        self.scratch = (
            np.zeros(len(self.baskets), np.int64),
            np.zeros(len(self.baskets), np.int64),
            np.zeros(tokens, np.int64),
            np.zeros((2, most), np.int64),
            np.zeros(1, FIGURES),
        )

    def _move_books(self, slots: dict[int, int], books: Rows, sides: Rows, levels: Rows, sizes: Rows) -> None:
        for instrument, slot in self._slots.items():
            if (old := slots.get(instrument)) is not None:
                self.books[slot], self.sides[slot] = books[old], sides[old]
                self.levels[slot], self.sizes[slot] = levels[old], sizes[old]

    def _move_basket(self, at: int, old: Any, legs: Rows) -> None:
        mine = self.baskets[at]
        for name in ("open", "sighted", "told_size", "best_size", "told_net", "best_edge", "best_net"):
            mine[name] = old[name]
        for name in ("now", "told"):
            self.legs[name][mine["first"] : mine["first"] + mine["legs"]] = legs[name][
                old["first"] : old["first"] + old["legs"]
            ]


def _terms(market: Market | Listing) -> tuple[Any, ...]:
    return (
        FEE_KINDS.index(market.fees.kind),
        _rate(market.fees) + (float(market.moving) if isinstance(market, Listing) else 0.0),
        float(market.fees.exponent),
        to_size(market.minimum_size),
        to_size(market.lot),
        float(market.minimum_value),
    )


def _rate(fees: FeeSchedule) -> float:
    return float(fees.multiplier * KALSHI_RATE if fees.kind == "kalshi" else fees.rate)
