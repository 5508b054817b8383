"""Arbitrages: baskets with a guaranteed minimum payoff, one kind per file.

A kind turns a group of markets into baskets: the tokens to buy and sell together, the minimum payoff of a set, and the
conditions for it (gates). It uses no prices: `operators.kernels.scanning` finds the baskets that are currently
profitable. A basket with a failed gate is never traded, however cheap it is; it is only kept to report the reason.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Literal

from domain.markets import Group, Listing, Market, Token
from domain.opportunities import Gate

Side = Literal["buy", "sell"]


@dataclass(frozen=True, kw_only=True)
class Leg:
    """One token to buy or sell.

    Attributes
    ----------
    market, token, side
        Market, token and side of the order.
    adds
        Contribution to the payoff of a set, dollars.
    other
        Alternative leg, used where it is more profitable.
    optional
        Whether it may be omitted where it is not profitable.
    """

    market: Market | Listing
    token: Token
    side: Side
    adds: Decimal = Decimal(0)
    other: "Leg | None" = None
    optional: bool = False


@dataclass(frozen=True, kw_only=True)
class Basket:
    """Legs with a guaranteed minimum payoff in every outcome.

    Attributes
    ----------
    kind
        Name of the arbitrage.
    key
        Stable key, unique within its kind and group.
    legs
        In the order of the group.
    payoff
        Minimum payoff of a set in dollars, apart from the contributions of its legs; negative if paid in advance.
    gates
        Conditions for the payoff.
    at_once
        Whether the payoff is immediate, by merging, converting or delivering; otherwise when the markets resolve.
    least
        Minimum number of legs that add to the payoff.
    confirm
        Whether it must be seen twice: in mirrored books it is usually an artefact of the feed.
    cycle
        Whether each leg is paid for with the proceeds of the one before it; the first buys and the last sells for
        the same currency, a unit of which is one set.
    """

    kind: str
    key: str
    legs: tuple[Leg, ...]
    payoff: Decimal
    gates: tuple[Gate, ...] = ()
    at_once: bool = False
    least: int = 0
    confirm: bool = False
    cycle: bool = False

    @property
    def allowed(self) -> bool:
        """Whether it passes all gates."""
        return all(gate.passed for gate in self.gates)


Maker = Callable[[Group], Iterator[Basket]]


@dataclass(frozen=True)
class Arbitrage:
    """A kind of arbitrage.

    Attributes
    ----------
    name
        Name of its file.
    code
        Its number in the taxonomy of arbitrages, `P1` to `P9`.
    make
        Function that returns its baskets in a group.
    """

    name: str
    code: str
    make: Maker = field(repr=False)

    @property
    def doc(self) -> str:
        """The first line of its documentation."""
        return (self.__doc__ or "").strip().splitlines()[0]

    def baskets(self, group: Group) -> tuple[Basket, ...]:
        """All baskets of this kind in a group, including those with failed gates."""
        return tuple(self.make(group))


def arbitrage(code: str) -> Callable[[Maker], Arbitrage]:
    """Decorator that makes a function an `Arbitrage`; see there."""

    def made(function: Maker) -> Arbitrage:
        kind = Arbitrage(function.__name__, code, function)
        for name in ("__doc__", "__module__"):
            object.__setattr__(kind, name, getattr(function, name))
        return kind

    return made


def tradeable(market: Market | Listing) -> bool:
    """Whether the market accepts orders and its outcome is not disputed."""
    return market.status == "open"


def candidates(group: Group) -> tuple[Market, ...]:
    """The unresolved markets of a group; none once one of them has resolved to yes."""
    if any(market.status == "resolved" and market.winner != market.no.name for market in group.markets):
        return ()
    return tuple(market for market in group.markets if market.status != "resolved")


def gate(name: str, passed: bool, reason: str) -> Gate:
    """Make a gate with its reason."""
    return Gate(name=name, passed=passed, reason=reason)
