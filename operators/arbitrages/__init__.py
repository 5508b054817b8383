"""What must pay whatever happens, one kind of arbitrage per file.

A kind turns a group of markets into baskets: which tokens to buy and sell together, what a set of them
pays at least, and what must be true for that (gates). It looks at no price: which baskets pay today is
found by `operators.kernels.scanning`. A basket with a gate that is shut is never an arbitrage, however
cheap it looks; it is kept to say why.
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
    """One token that is bought or sold.

    Attributes
    ----------
    market, token, side
        What, where and how.
    adds
        Dollars that it adds to what a set pays.
    other
        What may be done in its place, where that is worth more.
    optional
        May be left out where it brings nothing.
    """

    market: Market | Listing
    token: Token
    side: Side
    adds: Decimal = Decimal(0)
    other: "Leg | None" = None
    optional: bool = False


@dataclass(frozen=True, kw_only=True)
class Basket:
    """Legs that together pay, whatever happens.

    Attributes
    ----------
    kind
        Name of the arbitrage.
    key
        Tells it from the others of its kind and group, the same for ever.
    legs
        In the group's order.
    payoff
        Dollars a set pays at least, beside what its legs add; less than 0 is paid up front.
    gates
        What must be true.
    at_once
        The payoff is to be had now, by merging, converting or delivering; else when the markets resolve.
    least
        Legs that add to the payoff, of which there must be as many.
    confirm
        Must be seen twice before it is believed: of books that mirror each other it is a fault of the feed.
    cycle
        Each leg is paid with what the one before it brought; the first buys and the last sells for the same money,
        and a set is a unit of that.
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
        """Whether all gates are open."""
        return all(gate.passed for gate in self.gates)


Maker = Callable[[Group], Iterator[Basket]]


@dataclass(frozen=True)
class Arbitrage:
    """A kind of arbitrage.

    Attributes
    ----------
    name
        The file's name.
    code
        Its number among the patterns that are known, `P1` to `P9`.
    make
        Its baskets in a group.
    """

    name: str
    code: str
    make: Maker = field(repr=False)

    @property
    def doc(self) -> str:
        """The first line of its documentation."""
        return (self.__doc__ or "").strip().splitlines()[0]

    def baskets(self, group: Group) -> tuple[Basket, ...]:
        """All baskets of this kind in a group, those with a gate that is shut included."""
        return tuple(self.make(group))


def arbitrage(code: str) -> Callable[[Maker], Arbitrage]:
    """Make an `Arbitrage` of the function that finds its baskets."""

    def made(function: Maker) -> Arbitrage:
        kind = Arbitrage(function.__name__, code, function)
        for name in ("__doc__", "__module__"):
            object.__setattr__(kind, name, getattr(function, name))
        return kind

    return made


def tradeable(market: Market | Listing) -> bool:
    """Whether orders are taken and nobody disputes the answer."""
    return market.status == "open"


def candidates(group: Group) -> tuple[Market, ...]:
    """The markets whose answer is still unknown; none once one of them resolved to yes."""
    if any(market.status == "resolved" and market.winner != market.no.name for market in group.markets):
        return ()
    return tuple(market for market in group.markets if market.status != "resolved")


def gate(name: str, passed: bool, reason: str) -> Gate:
    """A gate, and why it is open or shut."""
    return Gate(name=name, passed=passed, reason=reason)
