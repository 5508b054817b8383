"""Cycle: exact appraisal and settlement of a triangular arbitrage, three consecutive trades on one exchange.

The hot path finds the profitable amount; the trades are recomputed here in decimal arithmetic from the integer
levels of the books. Each order is sized by the proceeds of the trade before it, net of its fee, in whole lots.
"""

from collections.abc import Mapping, Sequence
from decimal import Decimal

from domain.arbitrage import ArbitrageSettings
from domain.clock import to_datetime
from domain.markets import FeeSchedule
from domain.opportunities import Opportunity, PlanLeg, Settlement
from domain.quotes import to_size
from operators.appraise import (
    BASIS_POINT,
    NANO,
    Appraisal,
    Book,
    Fill,
    FilledLeg,
    contracts,
    one_tick_cost,
    size_of,
    take,
    trimmed,
    units,
    value_of,
    within,
)
from operators.arbitrages import Basket, Leg

Levels = Sequence[tuple[int, int]]


def appraise_cycle(
    basket: Basket, chosen: Sequence[tuple[Leg, Book]], size: int, settings: ArbitrageSettings, gas: Decimal
) -> Appraisal:
    """Appraise a cycle that starts with `size` (SIZE_UNITS) of quote currency; legs in the order of the trades."""
    share = settings.depth_share
    fills: list[tuple[Fill, ...]] = []
    amount = contracts(size) + NANO
    for leg, book in chosen:
        fills.append(_fills(leg.side, book.taken_by(leg.side), amount, to_size(leg.market.lot), share))
        amount = proceeds(leg.side, leg.market.fees, fills[-1])
    price_in, price_out = (value_of(each) / size_of(each) for each in (fills[0], fills[2]))
    quote_prices = (Decimal(1), price_in if chosen[1][0].side == "buy" else price_out, Decimal(1))
    legs = tuple(
        FilledLeg(leg, book, mine, quote_price)
        for (leg, book), mine, quote_price in zip(chosen, fills, quote_prices, strict=True)
    )
    spent = legs[0].value
    fees = sum((each.fee for each in legs), Decimal(0))
    net = amount - spent - gas
    thinnest = min(legs, key=lambda each: (each.depth_ratio, each.leg.token.name))
    worse = net - one_tick_cost(thinnest) - BASIS_POINT * (spent + legs[2].value)
    return Appraisal(
        size=trimmed(spent),
        payoff=Decimal(0),
        gross=trimmed(net + fees + gas),
        fees=trimmed(fees),
        gas=gas,
        net=trimmed(net),
        capital=trimmed(spent),
        edge=float(net / spent),
        edge_after_1_tick=float(worse / spent),
        legs=legs,
    )


def settle_cycle(
    planned: Opportunity, fees: Sequence[FeeSchedule], books: Mapping[str, Book], share: float, now: int
) -> Settlement:
    """Settle the plan of a cycle; parameters are those of `settle_plan`.

    Each order is sent at its limit price, scaled by the fill ratio of the order before it. Proceeds that the next
    order did not use are converted back at once along the same path.
    """
    legs = planned.plan.legs
    at = to_datetime(now)
    if any(leg.token not in books for leg in legs):
        return Settlement.unjudged(planned.plan.revision, at)
    fills: list[tuple[Fill, ...]] = []
    fill_ratios: list[float] = []  # filled size over order size
    ordered = units(legs[0].size)
    for place, leg in enumerate(legs):
        levels = within(books[leg.token].taken_by(leg.side), leg.limit_price, leg.side)
        fills.append(take(levels, ordered, share))
        fill_ratios.append(units(size_of(fills[-1])) / ordered if ordered else 1.0)
        if place + 1 < len(legs):
            ordered = units(legs[place + 1].size) * units(size_of(fills[-1])) // units(leg.size)
    filled = [size_of(mine) / leg.size for mine, leg in zip(fills, legs, strict=True)]
    recovered = _convert_back(legs, fees, books, fills, filled)
    net = None if recovered is None else proceeds("sell", fees[2], fills[2]) + recovered - value_of(fills[0])
    if net is not None and filled[-1]:
        net -= planned.gas
    late = min(range(len(legs)), key=lambda place: fill_ratios[place])
    whole = filled[-1] == 1
    return Settlement(
        revision=planned.plan.revision,
        judged_at=at,
        outcome="filled" if whole else "partial" if filled[-1] else "missed",
        size=trimmed((planned.size * filled[-1]).quantize(NANO)),
        net=None if net is None else trimmed(net),
        edge=None if net is None else float(net / planned.size),
        fills=[float(each) for each in filled],
        late_leg=None if whole else legs[late].token,
    )


def proceeds(side: str, fees: FeeSchedule, fills: Sequence[Fill]) -> Decimal:
    """Proceeds of a trade net of its proportional fee: base currency for a buy, quote currency for a sell."""
    return (size_of(fills) if side == "buy" else value_of(fills)) * (1 - fees.rate)


def _convert_back(
    legs: Sequence[PlanLeg],
    fees: Sequence[FeeSchedule],
    books: Mapping[str, Book],
    fills: Sequence[Sequence[Fill]],
    filled: Sequence[Decimal],
) -> Decimal | None:
    """Quote currency recovered from unused proceeds; None if a book is too thin."""
    amount = Decimal(0)
    for place in (1, 0):
        if filled[place]:
            unused = (filled[place] - filled[place + 1]) / filled[place]
            amount += unused * proceeds(legs[place].side, fees[place], fills[place])
        if not amount:
            continue
        side = "sell" if legs[place].side == "buy" else "buy"
        back = _fills(side, books[legs[place].token].taken_by(side), amount, 1, 1.0)
        used = size_of(back) if side == "sell" else value_of(back)
        if amount - used > NANO * 1000 * max(Decimal(1), back[-1][0] if back else Decimal(1)):
            return None
        amount = proceeds(side, fees[place], back)
    return amount


def _fills(side: str, levels: Levels, amount: Decimal, lot: int, share: float) -> tuple[Fill, ...]:
    """Fill the most whole lots (SIZE_UNITS) that `amount` buys, or that `amount` contains for a sell."""
    if side == "sell":
        return take(levels, units(amount) // lot * lot, share)
    total = 0
    for price, here in levels:
        level_price = Decimal(price).scaleb(-9)
        part = min(int(here * share), units(amount / level_price))
        total += part
        amount -= contracts(part) * level_price
        if part < int(here * share):
            break
    return take(levels, total // lot * lot, share)
