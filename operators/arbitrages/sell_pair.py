"""Sell both outcomes of one market for more than a dollar."""

from collections.abc import Iterator
from decimal import Decimal

from domain.markets import Group
from operators.arbitrages import Basket, Leg, arbitrage, tradeable


@arbitrage("P2")
def sell_pair(group: Group) -> Iterator[Basket]:
    """Split a dollar into yes and no of one market, and sell both.

    Where the venue shows one order pool as two mirrored books, this is the same liquidity as `buy_pair`, and only
    that is used.
    """
    for market in filter(tradeable, group.markets):
        if not market.mirrored:
            legs = tuple(Leg(market=market, token=token, side="sell") for token in (market.yes, market.no))
            yield Basket(kind="sell_pair", key=market.name, legs=legs, payoff=Decimal(-1), at_once=True)
