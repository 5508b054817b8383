"""Buy an asset on one exchange and sell it at a higher price on another."""

from collections.abc import Iterator
from decimal import Decimal
from itertools import permutations

import msgspec

from domain.instruments import venue_of
from domain.markets import FeeSchedule, Group, Listing
from operators.arbitrages import Basket, Leg, arbitrage, gate, tradeable


@arbitrage("P8")
def cross_exchange(group: Group) -> Iterator[Basket]:
    """Buy an asset on one exchange and sell it on another, from inventory that is held on both.

    Nothing is transferred per basket; the cost of rebalancing the inventories is charged with the fees. Dollars and
    stablecoins are different currencies: both listings must have the same quote currency.
    """
    for cheap, dear in permutations(filter(tradeable, group.listings), 2):
        if cheap.base != dear.base or venue_of(cheap.name) == venue_of(dear.name):
            continue
        alike = cheap.quote == dear.quote
        yield Basket(
            kind="cross_exchange",
            key=f"{cheap.name}|{dear.name}",
            legs=(
                Leg(market=_with_moving(cheap), token=cheap.tokens[0], side="buy"),
                Leg(market=_with_moving(dear), token=dear.tokens[0], side="sell"),
            ),
            payoff=Decimal(0),
            gates=(gate("same_money", alike, "one asset, one currency" if alike else "CURRENCIES_DIFFER"),),
            at_once=True,
        )


def _with_moving(listing: Listing) -> Listing:
    fees = listing.fees
    dearer = FeeSchedule(kind="notional", rate=fees.rate + listing.moving, assumed=fees.assumed)
    return msgspec.structs.replace(listing, fees=dearer)
