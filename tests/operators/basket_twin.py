"""Naive reference of basket appraisal: in decimals, one contract at a time."""

from collections.abc import Sequence
from decimal import Decimal as D

from domain.fees import marginal_fee, order_fee
from operators.arbitrages import Basket, Leg

Ladder = list[tuple[D, int]]
"""Price and whole contracts of each level, best first."""
Books = dict[tuple[str, str], Ladder]
"""By token and by what is done to it."""


def one_by_one(ladder: Ladder) -> list[D]:
    """The price of each contract."""
    return [price for price, size in ladder for _ in range(size)]


def worth(leg: Leg, price: D) -> D:
    """What one contract adds to a set."""
    fee = marginal_fee(leg.market.fees, price)
    return leg.adds + (price if leg.side == "sell" else -price) - fee


def chosen(basket: Basket, books: Books) -> list[Leg] | None:
    """The legs that are worth most at the best prices; None if one that is needed cannot be had."""
    found = []
    for leg in basket.legs:
        ways = [way for way in (leg, leg.other) if way and books[way.token.name, way.side]]
        best = max(ways, key=lambda way: worth(way, books[way.token.name, way.side][0][0]), default=None)
        if best and leg.optional and worth(best, books[best.token.name, best.side][0][0]) <= 0:
            best = None
        if best:
            found.append(best)
        elif not leg.optional:
            return None
    return found if sum(leg.adds > 0 for leg in found) >= basket.least else None


def reckon(basket: Basket, books: Books, edge_min: D, gas: D, minimum: int) -> tuple[int, D] | None:
    """Sets, whole contracts, and net dollars; None if it does not pay."""
    legs = chosen(basket, books)
    if not legs:
        return None
    queues = [one_by_one(books[leg.token.name, leg.side]) for leg in legs]
    sets = 0
    for prices in zip(*queues, strict=False):
        if basket.payoff + sum(worth(leg, price) for leg, price in zip(legs, prices, strict=True)) <= edge_min:
            break
        sets += 1
    if sets < minimum:
        return None
    net = (basket.payoff + sum(leg.adds for leg in legs)) * sets - gas
    for leg, queue in zip(legs, queues, strict=True):
        value = sum(queue[:sets])
        net += (value if leg.side == "sell" else -value) - order_fee(leg.market.fees, _fills(queue[:sets]))
    return (sets, net) if net > 0 else None


def _fills(prices: Sequence[D]) -> list[tuple[D, D]]:
    return [(price, D(prices.count(price))) for price in dict.fromkeys(prices)]
