"""Three consecutive trades on one exchange that return more than the initial amount."""

from collections.abc import Iterator
from decimal import Decimal
from itertools import permutations

from domain.instruments import venue_of
from domain.markets import Group, Listing
from operators.arbitrages import Basket, Leg, Side, arbitrage, gate, tradeable


@arbitrage("P9")
def triangular(group: Group) -> Iterator[Basket]:
    """Buy one asset, exchange it for another on the same exchange, and sell that, in either direction.

    A set is a unit of the initial currency. Each order is sized by the proceeds of the trade before it, net of its
    fee and in whole lots; remainders are ignored. For most accounts fees exceed the profit of such cycles (Grimberg,
    Lauinger and McCoy, 2020).
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
    """Side of the order on a listing that exchanges one asset for another; None if it does not list the two."""
    if (listing.base, listing.quote) == (wanted, given):
        return "buy"
    return "sell" if (listing.base, listing.quote) == (given, wanted) else None
