"""Group tables: the part of one group in the scan tables, with indices relative to the group."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import chain
from math import lcm
from typing import Any

import numpy as np
from numpy.typing import NDArray

from domain.fees import KALSHI_RATE
from domain.instruments import venue_of
from domain.markets import FeeSchedule, Group, Listing, Market
from domain.quotes import PRICE_UNITS, to_price, to_size
from operators.arbitrages import Arbitrage, Basket, Leg
from operators.kernels.basket import BASKET, FEE_KINDS, FIRST, LEG, TERMS
from operators.kernels.order_book import ASKS, BIDS, NOTHING

Rows = NDArray[Any]
Key = tuple[str, str, str]
"""(group name, kind of arbitrage, key of the basket)."""
ON_CHAIN = {"polymarket", "sim"}
"""Venues where a basket is split, merged or redeemed by a transaction; the simulator models Polymarket."""


@dataclass(frozen=True)
class GroupBasket:
    """A basket to scan, and the group it belongs to."""

    group: Group
    basket: Basket

    @property
    def key(self) -> Key:
        """Unique key of the basket."""
        return self.group.name, self.basket.kind, self.basket.key

    @property
    def tokens(self) -> tuple[str, ...]:
        """Token names of its legs and of their alternatives."""
        return tuple(each.token.name for leg in self.basket.legs for each in (leg, leg.other) if each)


@dataclass(frozen=True)
class GroupTables:
    """The tables of one group.

    Attributes
    ----------
    group
        The group in its latest version.
    scanned
        Its baskets that pass all gates.
    failed_gates
        Number of its baskets with a failed gate, by the reason of the gate.
    instruments, limits, terms
        Per token: instrument number, exclusive upper bound of its price, and TERMS.
    baskets, legs
        BASKET and LEG; `first` is an index into `legs`, `token` and `other` into `instruments`.
    """

    group: Group
    scanned: tuple[GroupBasket, ...]
    failed_gates: Counter[str]
    instruments: NDArray[np.int64]
    limits: NDArray[np.int64]
    terms: Rows
    baskets: Rows
    legs: Rows


def group_tables(group: Group, kinds: Sequence[Arbitrage], gas: float) -> GroupTables:
    """Build the tables of a group."""
    tokens = [(token, member) for member in group.members for token in member.tokens]
    index_of = {token.name: at for at, (token, _) in enumerate(tokens)}
    candidates = list(chain.from_iterable(kind.baskets(group) for kind in kinds))
    scanned = tuple(GroupBasket(group, basket) for basket in candidates if basket.allowed)
    legs = [_leg(leg, index_of) for each in scanned for leg in each.basket.legs]
    baskets = np.zeros(len(scanned), BASKET)
    first = 0
    for row, each in zip(baskets, scanned, strict=True):
        basket = each.basket
        row["first"], row["legs"], row["payoff"] = first, len(basket.legs), to_price(basket.payoff)
        row["least"], row["confirm"], row["cycle"] = basket.least, basket.confirm, basket.cycle
        row["lot"] = lcm(*(to_size(leg.market.lot) for leg in basket.legs))
        row["minimum"] = max(to_size(leg.market.minimum_size) for leg in basket.legs)
        row["gas"] = float(gas_of(basket, gas))
        first += len(basket.legs)
    return GroupTables(
        group,
        scanned,
        Counter(gate.reason for basket in candidates for gate in basket.gates if not gate.passed),
        np.array([token.instrument for token, _ in tokens], np.int64),
        np.array([PRICE_UNITS if isinstance(member, Market) else NOTHING for _, member in tokens], np.int64),
        np.array([_terms(member) for _, member in tokens], TERMS),
        baskets,
        np.array(legs, LEG),
    )


def gas_of(basket: Basket, gas: float) -> Decimal:
    """On-chain transaction cost of a basket in dollars."""
    on_chain = any(venue_of(leg.token.name) in ON_CHAIN for leg in basket.legs)
    return Decimal(str(gas)) if on_chain else Decimal(0)


def _leg(leg: Leg, index_of: dict[str, int]) -> tuple[int, ...]:
    other = leg.other
    return (
        index_of[leg.token.name],
        ASKS if leg.side == "buy" else BIDS,
        to_price(leg.adds),
        index_of[other.token.name] if other else -1,
        (ASKS if other.side == "buy" else BIDS) if other else 0,
        to_price(other.adds) if other else 0,
        leg.optional,
        FIRST,
        FIRST,
    )


def _terms(market: Market | Listing) -> tuple[float, ...]:
    return (
        FEE_KINDS.index(market.fees.kind),
        _rate(market.fees),
        float(market.moving) if isinstance(market, Listing) else 0.0,
        float(market.fees.exponent),
        float(market.minimum_value),
        to_size(market.lot),
        to_size(market.minimum_size),
    )


def _rate(fees: FeeSchedule) -> float:
    return float(fees.multiplier * KALSHI_RATE if fees.kind == "kalshi" else fees.rate)
