"""Buy "yes" of a strike and "no" of a higher one for less than a dollar."""

from collections.abc import Iterator
from decimal import Decimal
from itertools import combinations

from domain.markets import Group, Market
from operators.arbitrages import Basket, Leg, arbitrage, gate, tradeable


@arbitrage("P6")
def strike_ladder(group: Group) -> Iterator[Basket]:
    """Buy yes of a strike and no of a higher one: at least one of them pays.

    At equal strikes this holds only if the first requires "at least" and the second "above". Both must be evaluated
    at the same time, since the value may change in between.
    """
    markets = [market for market in group.markets if tradeable(market) and market.strike is not None]
    if group.kind != "ladder":
        return
    for low, high in combinations(sorted(markets, key=_order), 2):
        ordered, together = _order(low) < _order(high), low.closes_at_ns == high.closes_at_ns
        yield Basket(
            kind="strike_ladder",
            key=f"{low.name}|{high.name}",
            legs=(Leg(market=low, token=low.yes, side="buy"), Leg(market=high, token=high.no, side="buy")),
            payoff=Decimal(1),
            gates=(
                gate("strikes", ordered, "the second strike implies the first" if ordered else "STRIKES_NOT_ORDERED"),
                gate("same_time", together, "judged at one time" if together else "TIMES_DIFFER"),
            ),
        )


def _order(market: Market) -> tuple[Decimal, bool]:
    """Sort key in which "at least 5" precedes "above 5"."""
    assert market.strike is not None
    return market.strike, market.strict
