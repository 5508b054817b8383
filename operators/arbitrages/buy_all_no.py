"""Buy "no" of all outcomes of which at most one comes true."""

from collections.abc import Iterator
from decimal import Decimal

from domain.markets import Group
from operators.arbitrages import Basket, Leg, arbitrage, candidates, gate, tradeable


@arbitrage("P4")
def buy_all_no(group: Group) -> Iterator[Basket]:
    """Buy no of the markets of an event, of which at most one comes true; n of them pay n - 1 dollars.

    The outcomes need not be exhaustive. A market whose no costs a dollar or is unavailable is omitted, which does not
    affect the rest. Where the venue converts, n - 1 dollars are paid at once. Saguillo et al., Unravelling the
    Probabilistic Forest, 2025.
    """
    markets = tuple(filter(tradeable, candidates(group)))
    if group.kind != "event" or len(markets) < 2:
        return
    yield Basket(
        kind="buy_all_no",
        key="all",
        legs=tuple(
            Leg(market=market, token=market.no, side="buy", adds=Decimal(1), optional=True) for market in markets
        ),
        payoff=Decimal(-1),
        gates=(
            gate("exclusive", group.exclusive, "at most one comes true" if group.exclusive else "EXCLUSIVITY_UNPROVEN"),
        ),
        at_once=group.convertible,
        least=2,
    )
