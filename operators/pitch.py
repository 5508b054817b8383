"""Pitch: one group's part of the tables that kernels scan, with places counted within the group."""

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


@dataclass(frozen=True)
class Pitch:
    """One group's part of the tables.

    Attributes
    ----------
    group
        As it was told.
    stalls
        Its baskets whose gates are open.
    shut
        Its baskets with a gate that is shut, by the gate's reason.
    instruments, limits, terms
        Of its tokens: numbers, what prices lie under, and TERMS.
    baskets, legs
        BASKET and LEG; `first` counts its legs, `token` and `other` its tokens.
    """

    group: Group
    stalls: tuple[Stall, ...]
    shut: Counter[str]
    instruments: NDArray[np.int64]
    limits: NDArray[np.int64]
    terms: Rows
    baskets: Rows
    legs: Rows


def pitch_of(group: Group, kinds: Sequence[Arbitrage], gas: float) -> Pitch:
    """Lay out a group."""
    sold = [(token, member) for member in group.members for token in member.tokens]
    places = {token.name: at for at, (token, _) in enumerate(sold)}
    made = list(chain.from_iterable(kind.baskets(group) for kind in kinds))
    stalls = tuple(Stall(group, basket) for basket in made if basket.allowed)
    legs = [_leg(leg, places) for stall in stalls for leg in stall.basket.legs]
    baskets = np.zeros(len(stalls), BASKET)
    first = 0
    for row, stall in zip(baskets, stalls, strict=True):
        basket = stall.basket
        row["first"], row["legs"], row["payoff"] = first, len(basket.legs), to_price(basket.payoff)
        row["least"], row["confirm"], row["cycle"] = basket.least, basket.confirm, basket.cycle
        row["lot"] = lcm(*(to_size(leg.market.lot) for leg in basket.legs))
        row["minimum"] = max(to_size(leg.market.minimum_size) for leg in basket.legs)
        row["gas"] = float(gas_of(basket, gas))
        first += len(basket.legs)
    return Pitch(
        group,
        stalls,
        Counter(gate.reason for basket in made for gate in basket.gates if not gate.passed),
        np.array([token.instrument for token, _ in sold], np.int64),
        np.array([PRICE_UNITS if isinstance(member, Market) else NOTHING for _, member in sold], np.int64),
        np.array([_terms(member) for _, member in sold], TERMS),
        baskets,
        np.array(legs, LEG),
    )


def gas_of(basket: Basket, gas: float) -> Decimal:
    """Dollars that a basket costs on chain."""
    on_chain = any(venue_of(leg.token.name) in ON_CHAIN for leg in basket.legs)
    return Decimal(str(gas)) if on_chain else Decimal(0)


def _leg(leg: Leg, places: dict[str, int]) -> tuple[int, ...]:
    other = leg.other
    return (
        places[leg.token.name],
        ASKS if leg.side == "buy" else BIDS,
        to_price(leg.adds),
        places[other.token.name] if other else -1,
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
