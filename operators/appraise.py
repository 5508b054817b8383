"""Appraising: what a basket brings to the last digit, and the orders that would take it.

The hot path finds size and legs in floating point; what is told is reckoned anew, in decimals, from the
whole numbers of the books. The two agree to a billionth of a dollar.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from domain.arbitrage import ArbitrageSettings
from domain.clock import SECOND, to_datetime
from domain.fees import order_fee
from domain.instruments import venue_of
from domain.markets import FeeSchedule, Market
from domain.opportunities import ExecutionPlan, PlanLeg
from operators.arbitrages import Basket, Leg

Fill = tuple[Decimal, Decimal]
"""Price in dollars and size in contracts."""
BASIS_POINT = Decimal("0.0001")
NANO = Decimal("1E-9")


@dataclass(frozen=True)
class Book:
    """A book at an instant: (price in PRICE_UNITS, size in SIZE_UNITS), best first; and its times, ns."""

    bids: tuple[tuple[int, int], ...]
    asks: tuple[tuple[int, int], ...]
    ts: int
    seen_at: int

    def taken_by(self, side: str) -> tuple[tuple[int, int], ...]:
        """The side that a buyer or a seller takes from."""
        return self.asks if side == "buy" else self.bids

    def left_by(self, side: str) -> tuple[tuple[int, int], ...]:
        """The side at which that is undone."""
        return self.bids if side == "buy" else self.asks


@dataclass(frozen=True)
class Taken:
    """A leg, the book it takes from, its fills, and what a unit of the money it is quoted in is worth."""

    leg: Leg
    book: Book
    fills: tuple[Fill, ...]
    worth: Decimal = Decimal(1)

    @property
    def value(self) -> Decimal:
        """Paid or received, before fees; in the money that it is quoted in."""
        return value_of(self.fills)

    @property
    def size(self) -> Decimal:
        """Contracts."""
        return size_of(self.fills)

    @property
    def fee(self) -> Decimal:
        """Dollars."""
        fee = order_fee(self.leg.market.fees, self.fills)
        return fee if self.worth == 1 else (fee * self.worth).quantize(NANO)

    @property
    def spare(self) -> Decimal:
        """What the book shows at the worst price taken, or better, over what is taken; at least 1."""
        return visible(self) / self.size

    @property
    def worst(self) -> Decimal:
        """Price of the last level it takes from."""
        return self.fills[-1][0]


@dataclass(frozen=True)
class Appraisal:
    """The dollars of all sets, and the legs that make them: the thinnest first, those of a cycle in its order."""

    size: Decimal
    payoff: Decimal
    gross: Decimal
    fees: Decimal
    gas: Decimal
    net: Decimal
    capital: Decimal
    edge: float
    edge_after_1_tick: float
    legs: tuple[Taken, ...]


def contracts(units: int) -> Decimal:
    """Contracts of a whole number of SIZE_UNITS."""
    return Decimal(units).scaleb(-6)


def units(size: Decimal) -> int:
    """SIZE_UNITS of contracts; less than a unit is left out."""
    return int(size.scaleb(6))


def size_of(fills: Sequence[Fill]) -> Decimal:
    """Contracts of fills."""
    return sum((size for _, size in fills), Decimal(0))


def value_of(fills: Sequence[Fill]) -> Decimal:
    """What fills cost or bring, before fees; in the money that they are quoted in."""
    return sum((price * size for price, size in fills), Decimal(0))


def trimmed(value: Decimal) -> Decimal:
    """The same number without zeros at its end, and without an exponent."""
    return value.quantize(Decimal(1)) if value == value.to_integral_value() else value.normalize()


def dollars(units: int) -> Decimal:
    """Dollars of a whole number of PRICE_UNITS."""
    return Decimal(units).scaleb(-9)


def take(levels: Sequence[tuple[int, int]], size: int, share: float) -> tuple[Fill, ...]:
    """Fills of an order from the best level on.

    Parameters
    ----------
    levels
        Of the side it takes from, best first.
    size
        In SIZE_UNITS; what the book does not hold stays unfilled.
    share
        Share of each level that is counted on.
    """
    fills: list[Fill] = []
    for price, here in levels:
        if size <= 0:
            break
        if part := min(size, int(here * share)):
            fills.append((dollars(price), contracts(part)))
            size -= part
    return tuple(fills)


def within(levels: Sequence[tuple[int, int]], limit: Decimal, side: str) -> tuple[tuple[int, int], ...]:
    """The levels that an order of `side` with a limit may take."""
    worst = int(limit.scaleb(9))
    return tuple(level for level in levels if (level[0] <= worst if side == "buy" else level[0] >= worst))


def appraise(
    basket: Basket, chosen: Sequence[tuple[Leg, Book]], size: int, settings: ArbitrageSettings, gas: Decimal
) -> Appraisal:
    """What `size` (SIZE_UNITS) sets of a basket bring with the legs that were chosen."""
    legs = [Taken(leg, book, take(book.taken_by(leg.side), size, settings.depth_share)) for leg, book in chosen]
    sets = contracts(size)
    payoff = sum((leg.adds for leg, _ in chosen), basket.payoff)
    bought = sum((taken.value for taken in legs if taken.leg.side == "buy"), Decimal(0))
    sold = sum((taken.value for taken in legs if taken.leg.side == "sell"), Decimal(0))
    fees = sum((taken.fee for taken in legs), Decimal(0))
    gross = payoff * sets + sold - bought
    net = gross - fees - gas
    ordered = tuple(sorted(legs, key=lambda taken: (taken.spare, taken.leg.token.name)))
    worse = net - one_tick(ordered[0]) - BASIS_POINT * (bought + sold)
    return Appraisal(
        size=trimmed(sets),
        payoff=trimmed(payoff),
        gross=trimmed(gross),
        fees=trimmed(fees),
        gas=gas,
        net=trimmed(net),
        capital=trimmed(bought + max(Decimal(0), -payoff) * sets),
        edge=float(net / sets),
        edge_after_1_tick=float(worse / sets),
        legs=ordered,
    )


def visible(taken: Taken) -> Decimal:
    """Contracts that the book shows at the worst price taken, or better."""
    reached = within(taken.book.taken_by(taken.leg.side), taken.worst, taken.leg.side)
    return contracts(sum(size for _, size in reached))


def one_tick(taken: Taken) -> Decimal:
    """Dollars lost if a leg is filled one tick worse, its fee included."""
    tick = taken.leg.market.tick if taken.leg.side == "buy" else -taken.leg.market.tick
    ceiling = 1 if isinstance(taken.leg.market, Market) else Decimal("Infinity")
    moved = [(price + tick, size) for price, size in taken.fills if 0 < price + tick < ceiling]
    before = order_fee(taken.leg.market.fees, taken.fills)
    fee = order_fee(taken.leg.market.fees, moved) if len(moved) == len(taken.fills) else before
    return (sum((abs(tick) * size for _, size in taken.fills), Decimal(0)) + fee - before) * taken.worth


def unwinding(fees: FeeSchedule, side: str, spent: Decimal, size: int, book: Book) -> Decimal | None:
    """Dollars lost by undoing a leg at once; None if the other side of its book does not hold as much.

    Parameters
    ----------
    fees
        Of its market.
    side
        Of the leg.
    spent
        Dollars that it cost, or brought, before and without fees.
    size
        SIZE_UNITS to undo.
    book
        As it is when it is undone.
    """
    back = take(book.left_by(side), size, 1.0)
    if size_of(back) < contracts(size):
        return None
    value = value_of(back)
    return (spent - value if side == "buy" else value - spent) + order_fee(fees, back)


def plan_of(appraisal: Appraisal, settings: ArbitrageSettings, now: int, revision: int) -> ExecutionPlan:
    """The orders of an appraisal, in its order."""
    orders = [_order(taken) for taken in appraisal.legs]
    costs = [order.unwind_cost for order in orders[:-1]]
    known = [cost for cost in costs if cost is not None]
    return ExecutionPlan(
        legs=orders,
        max_skew_ms=1000.0 * settings.skew_max_s,
        unwind_cost=sum(known, Decimal(0)) if len(known) == len(costs) else None,
        expires_at=to_datetime(now + int(settings.ttl_s * SECOND)),
        revision=revision,
    )


def _order(taken: Taken) -> PlanLeg:
    leg, book, size = taken.leg, taken.book, trimmed(taken.size)
    undone = unwinding(leg.market.fees, leg.side, taken.value, units(size), book)
    return PlanLeg(
        venue=venue_of(leg.token.name),
        market=leg.market.name,
        token=leg.token.name,
        outcome=leg.token.outcome,
        side=leg.side,
        limit_price=trimmed(taken.worst),
        size=size,
        time_in_force="fak",
        average_price=trimmed((taken.value / size).quantize(NANO)),
        fee=trimmed(taken.fee),
        levels=len(taken.fills),
        visible_size=trimmed(visible(taken)),
        book_at=to_datetime(book.ts),
        seen_at=to_datetime(book.seen_at),
        unwind_cost=None if undone is None else trimmed(undone * taken.worth + taken.fee),
    )
