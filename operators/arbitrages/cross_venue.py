"""Buy "yes" on one venue and "no" of the same question on another for less than a dollar."""

from collections.abc import Iterator
from decimal import Decimal

from domain.markets import Group
from operators.arbitrages import Basket, Leg, arbitrage, gate, tradeable


@arbitrage("P7")
def cross_venue(group: Group) -> Iterator[Basket]:
    """Buy yes on one venue and no on the other, in either direction.

    Questions with similar wording have been resolved to opposite outcomes; automatic matching is right in 87 % of
    cases (out of sample, 2026). Only a manually reviewed pair with equal time and strike is an arbitrage.
    """
    if group.kind != "pair" or len(group.markets) != 2 or not all(map(tradeable, group.markets)):
        return
    first, second = group.markets
    equal = (first.closes_at_ns, first.strike, first.strict) == (second.closes_at_ns, second.strike, second.strict)
    refused = ": ".join(["MAPPING_UNREVIEWED", *filter(None, ["; ".join(group.faults)])])
    gates = (
        gate("reviewed", group.reviewed, "a person compared the rules" if group.reviewed else refused),
        gate("equal_terms", equal, "time and strike are equal" if equal else "TERMS_DIFFER"),
    )
    for yes, no in ((first, second), (second, first)):
        yield Basket(
            kind="cross_venue",
            key=f"{yes.name}|{no.name}",
            legs=(Leg(market=yes, token=yes.yes, side="buy"), Leg(market=no, token=no.no, side="buy")),
            payoff=Decimal(1),
            gates=gates,
        )
