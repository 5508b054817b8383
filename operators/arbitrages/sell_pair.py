"""Both answers of one market sell for more than the dollar that makes them."""

from collections.abc import Iterator
from decimal import Decimal

from domain.markets import Group
from operators.arbitrages import Basket, Leg, arbitrage, tradeable


@arbitrage("P2")
def sell_pair(group: Group) -> Iterator[Basket]:
    """Split a dollar into yes and no of one market, and sell both.

    Where the venue shows one pool of orders twice this is the same liquidity as `buy_pair`, which is
    counted once, there.
    """
    for market in filter(tradeable, group.markets):
        if not market.mirrored:
            legs = tuple(Leg(market=market, token=token, side="sell") for token in (market.yes, market.no))
            yield Basket(kind="sell_pair", key=market.name, legs=legs, payoff=Decimal(-1), at_once=True)
