"""Convert "no" of some outcomes into dollars and "yes" of the others, and sell those."""

from collections.abc import Iterator
from decimal import Decimal

from domain.markets import Group
from operators.arbitrages import Basket, Leg, arbitrage, candidates, gate, tradeable


@arbitrage("P5")
def convert_subset(group: Group) -> Iterator[Basket]:
    """Buy no of k markets, convert them to k - 1 dollars and yes of all others, and sell those.

    Each market is bought or sold according to its own prices. Where every book is mirrored, selling yes and buying no
    are the same orders, and the basket equals `buy_all_no`.
    """
    markets = tuple(filter(tradeable, candidates(group)))
    if group.kind != "event" or len(markets) < 2 or all(market.mirrored for market in markets):
        return
    yield Basket(
        kind="convert_subset",
        key="all",
        legs=tuple(
            Leg(
                market=market,
                token=market.no,
                side="buy",
                adds=Decimal(1),
                other=Leg(market=market, token=market.yes, side="sell"),
                optional=True,
            )
            for market in markets
        ),
        payoff=Decimal(-1),
        gates=(
            gate("exclusive", group.exclusive, "at most one comes true" if group.exclusive else "EXCLUSIVITY_UNPROVEN"),
            gate("convertible", group.convertible, "the venue converts" if group.convertible else "NOT_CONVERTIBLE"),
        ),
        at_once=True,
        least=1,
    )
