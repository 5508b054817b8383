"""Three trades on one exchange that end in more of the money they began with."""

from collections.abc import Iterator
from decimal import Decimal
from itertools import permutations

from domain.instruments import venue_of
from domain.markets import Group, Listing
from operators.arbitrages import Basket, Leg, Side, arbitrage, gate, tradeable


@arbitrage("P9")
def triangular(group: Group) -> Iterator[Basket]:
    """Buy one asset, change it for another of the same exchange, and sell that, both ways round.

    A set is a unit of the money it begins and ends with. Each trade is sent for what the one before it brought, less
    its fee and in whole lots; what is left over counts for nothing. For most accounts fees leave nothing of such
    cycles (Grimberg, Lauinger and McCoy, 2020).
    """
    if group.kind != "exchange":
        return
    listings = tuple(filter(tradeable, group.listings))
    for first, last in permutations(listings, 2):
        if first.quote != last.quote or venue_of(first.name) != venue_of(last.name):
            continue
        for between in listings:
            side = _way(between, first.base, last.base)
            if side is None or venue_of(between.name) != venue_of(first.name):
                continue
            legs: tuple[tuple[Listing, Side], ...] = ((first, "buy"), (between, side), (last, "sell"))
            shares = all(listing.fees.kind in ("notional", "none") for listing, _ in legs)
            yield Basket(
                kind="triangular",
                key="|".join(listing.name for listing, _ in legs),
                legs=tuple(Leg(market=listing, token=listing.tokens[0], side=way) for listing, way in legs),
                payoff=Decimal(0),
                gates=(gate("fees", shares, "a share of each trade" if shares else "FEES_NOT_A_SHARE"),),
                at_once=True,
                cycle=True,
            )


def _way(listing: Listing, given: str, wanted: str) -> Side | None:
    """How one asset is changed for another where they are listed; None if that is not there."""
    if (listing.base, listing.quote) == (wanted, given):
        return "buy"
    return "sell" if (listing.base, listing.quote) == (given, wanted) else None
