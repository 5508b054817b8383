"""Buy "yes" of all outcomes of an event for less than a dollar."""

from collections.abc import Iterator
from decimal import Decimal

from domain.markets import Group
from operators.arbitrages import Basket, Leg, arbitrage, candidates, gate, tradeable


@arbitrage("P3")
def buy_all_yes(group: Group) -> Iterator[Basket]:
    """Buy yes of every market of an event, of which exactly one comes true.

    Unless the outcomes are proven to be exhaustive, a set can pay nothing: "mutually exclusive" on Kalshi means at
    most one, and outcomes may still be added to an augmented event of Polymarket.
    """
    markets = candidates(group)
    if group.kind != "event" or len(markets) < 2 or not all(map(tradeable, markets)):
        return
    proven = group.exhaustive and not group.augmented
    yield Basket(
        kind="buy_all_yes",
        key="all",
        legs=tuple(Leg(market=market, token=market.yes, side="buy") for market in markets),
        payoff=Decimal(1),
        gates=(
            gate("exhaustive", proven, "the outcomes are exhaustive" if proven else "EXHAUSTIVENESS_UNPROVEN"),
            gate("exclusive", group.exclusive, "at most one comes true" if group.exclusive else "EXCLUSIVITY_UNPROVEN"),
        ),
    )
