"""Appraisal: the exact profit of a basket, and the orders that would realise it.

The hot path finds size and legs in floating point; the published figures are recomputed in decimal
arithmetic from the integer levels of the books. The two agree to a billionth of a dollar.
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
"""(price in dollars, size in contracts)."""
BASIS_POINT = Decimal("0.0001")
NANO = Decimal("1E-9")


@dataclass(frozen=True)
class Book:
    """An order book at an instant: levels (price in PRICE_UNITS, size in SIZE_UNITS), best first; times in ns."""

    bids: tuple[tuple[int, int], ...]
    asks: tuple[tuple[int, int], ...]
    ts: int
    seen_at: int

    def taken_by(self, side: str) -> tuple[tuple[int, int], ...]:
        """Levels that an order of `side` takes from: asks for a buy, bids for a sell."""
        return self.asks if side == "buy" else self.bids

    def unwound_by(self, side: str) -> tuple[tuple[int, int], ...]:
        """Levels on which a position opened by `side` is unwound: the opposite side."""
        return self.bids if side == "buy" else self.asks


@dataclass(frozen=True)
class FilledLeg:
    """A leg, the book it takes from, its fills, and the price of a unit of its quote currency."""

    leg: Leg
    book: Book
    fills: tuple[Fill, ...]
    quote_price: Decimal = Decimal(1)

    @property
    def value(self) -> Decimal:
        """Amount paid or received before fees, in quote currency."""
        return value_of(self.fills)

    @property
    def size(self) -> Decimal:
        """Filled size in contracts."""
        return size_of(self.fills)

    @property
    def fee(self) -> Decimal:
        """Taker fee in dollars."""
        fee = order_fee(self.leg.market.fees, self.fills)
        return fee if self.quote_price == 1 else (fee * self.quote_price).quantize(NANO)

    @property
    def depth_ratio(self) -> Decimal:
        """Visible size at the worst fill price or better, divided by the filled size; at least 1."""
        return visible(self) / self.size

    @property
    def worst_price(self) -> Decimal:
        """Price of the last level it takes from."""
        return self.fills[-1][0]


@dataclass(frozen=True)
class Appraisal:
    """Profit of a basket in dollars, over all sets, and its legs: thinnest first, or in the order of a cycle."""

    size: Decimal
    payoff: Decimal
    gross: Decimal
    fees: Decimal
    gas: Decimal
    net: Decimal
    capital: Decimal
    edge: float
    edge_after_1_tick: float
    legs: tuple[FilledLeg, ...]


def contracts(units: int) -> Decimal:
    """Convert a whole number of SIZE_UNITS to contracts."""
    return Decimal(units).scaleb(-6)


def units(size: Decimal) -> int:
    """Convert contracts to SIZE_UNITS, rounded down."""
    return int(size.scaleb(6))


def size_of(fills: Sequence[Fill]) -> Decimal:
    """Total size of the fills in contracts."""
    return sum((size for _, size in fills), Decimal(0))


def value_of(fills: Sequence[Fill]) -> Decimal:
    """Total value of the fills before fees, in quote currency."""
    return sum((price * size for price, size in fills), Decimal(0))


def trimmed(value: Decimal) -> Decimal:
    """Strip trailing zeros, without switching to an exponent."""
    return value.quantize(Decimal(1)) if value == value.to_integral_value() else value.normalize()


def dollars(units: int) -> Decimal:
    """Convert a whole number of PRICE_UNITS to dollars."""
    return Decimal(units).scaleb(-9)


def take(levels: Sequence[tuple[int, int]], size: int, share: float) -> tuple[Fill, ...]:
    """Walk the book from the best level and return the fills of a market order.

    Parameters
    ----------
    levels
        Levels of the side it takes from, best first.
    size
        Order size in SIZE_UNITS; the part that the book does not hold stays unfilled.
    share
        Fraction of each level assumed to be available.
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
    """Levels within the limit price of an order of `side`."""
    worst = int(limit.scaleb(9))
    return tuple(level for level in levels if (level[0] <= worst if side == "buy" else level[0] >= worst))


def appraise(
    basket: Basket, chosen: Sequence[tuple[Leg, Book]], size: int, settings: ArbitrageSettings, gas: Decimal
) -> Appraisal:
    """Appraise `size` (SIZE_UNITS) sets of a basket with the chosen legs."""
    legs = [FilledLeg(leg, book, take(book.taken_by(leg.side), size, settings.depth_share)) for leg, book in chosen]
    sets = contracts(size)
    payoff = sum((leg.adds for leg, _ in chosen), basket.payoff)
    bought = sum((each.value for each in legs if each.leg.side == "buy"), Decimal(0))
    sold = sum((each.value for each in legs if each.leg.side == "sell"), Decimal(0))
    fees = sum((each.fee for each in legs), Decimal(0))
    gross = payoff * sets + sold - bought
    net = gross - fees - gas
    ordered = tuple(sorted(legs, key=lambda each: (each.depth_ratio, each.leg.token.name)))
    worse = net - one_tick_cost(ordered[0]) - BASIS_POINT * (bought + sold)
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


def visible(filled: FilledLeg) -> Decimal:
    """Contracts that the book shows at the worst fill price or better."""
    reached = within(filled.book.taken_by(filled.leg.side), filled.worst_price, filled.leg.side)
    return contracts(sum(size for _, size in reached))


def one_tick_cost(filled: FilledLeg) -> Decimal:
    """Loss in dollars if the leg is filled one tick worse, including the change of its fee."""
    tick = filled.leg.market.tick if filled.leg.side == "buy" else -filled.leg.market.tick
    ceiling = 1 if isinstance(filled.leg.market, Market) else Decimal("Infinity")
    moved = [(price + tick, size) for price, size in filled.fills if 0 < price + tick < ceiling]
    before = order_fee(filled.leg.market.fees, filled.fills)
    fee = order_fee(filled.leg.market.fees, moved) if len(moved) == len(filled.fills) else before
    return (sum((abs(tick) * size for _, size in filled.fills), Decimal(0)) + fee - before) * filled.quote_price


def unwind_cost(fees: FeeSchedule, side: str, spent: Decimal, size: int, book: Book) -> Decimal | None:
    """Loss in dollars from unwinding a leg at once; None if the opposite side of its book is too thin.

    Parameters
    ----------
    fees
        Fee schedule of its market.
    side
        Side of the leg.
    spent
        Dollars that opening it cost, or brought, before fees.
    size
        SIZE_UNITS to unwind.
    book
        Order book at the time of unwinding.
    """
    back = take(book.unwound_by(side), size, 1.0)
    if size_of(back) < contracts(size):
        return None
    value = value_of(back)
    return (spent - value if side == "buy" else value - spent) + order_fee(fees, back)


def plan_of(appraisal: Appraisal, settings: ArbitrageSettings, now: int, revision: int) -> ExecutionPlan:
    """Execution plan of an appraisal: one order per leg, in the same order."""
    orders = [_order(each) for each in appraisal.legs]
    costs = [order.unwind_cost for order in orders[:-1]]
    known = [cost for cost in costs if cost is not None]
    return ExecutionPlan(
        legs=orders,
        max_skew_ms=1000.0 * settings.skew_max_s,
        unwind_cost=sum(known, Decimal(0)) if len(known) == len(costs) else None,
        expires_at=to_datetime(now + int(settings.ttl_s * SECOND)),
        revision=revision,
    )


def _order(filled: FilledLeg) -> PlanLeg:
    leg, book, size = filled.leg, filled.book, trimmed(filled.size)
    unwinding = unwind_cost(leg.market.fees, leg.side, filled.value, units(size), book)
    return PlanLeg(
        venue=venue_of(leg.token.name),
        market=leg.market.name,
        token=leg.token.name,
        outcome=leg.token.outcome,
        side=leg.side,
        limit_price=trimmed(filled.worst_price),
        size=size,
        time_in_force="fak",
        average_price=trimmed((filled.value / size).quantize(NANO)),
        fee=trimmed(filled.fee),
        levels=len(filled.fills),
        visible_size=trimmed(visible(filled)),
        book_at=to_datetime(book.ts),
        seen_at=to_datetime(book.seen_at),
        unwind_cost=None if unwinding is None else trimmed(unwinding * filled.quote_price + filled.fee),
    )
