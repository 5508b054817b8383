"""Both answers of one market cost less than the dollar that one of them pays."""

from collections.abc import Iterator
from decimal import Decimal

from domain.markets import Group
from operators.arbitrages import Basket, Leg, arbitrage, tradeable


@arbitrage("P1")
def buy_pair(group: Group) -> Iterator[Basket]:
    """Buy yes and no of one market, and merge them into a dollar.

    Where the venue shows one pool of orders twice, the price of no is 1 less that of yes, and a pair
    under a dollar means that one of the two books is wrong (1,730 of 1,730 live markets of Kalshi kept
    the identity, 2026-09). It is believed only when both books have been sent anew, at one time of the
    venue, and it is still there.
    """
    for market in filter(tradeable, group.markets):
        legs = tuple(Leg(market=market, token=token, side="buy") for token in (market.yes, market.no))
        yield Basket(
            kind="buy_pair", key=market.name, legs=legs, payoff=Decimal(1), at_once=True, confirm=market.mirrored
        )
