"""Cycle: three trades in a row on one exchange, to the last digit, as they would be sent and as they would end.

The hot path finds how much money pays; the trades are made anew here, in decimals, from the whole numbers of the
books. Each is sent for what the one before it brought, less its fee and in whole lots.
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
    Taken,
    contracts,
    one_tick,
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
    """What a cycle brings into which `size` (SIZE_UNITS) of its money is put; its legs in the order of the trades."""
    share = settings.depth_share
    fills: list[tuple[Fill, ...]] = []
    amount = contracts(size) + NANO
    for leg, book in chosen:
        fills.append(_fills(leg.side, book.taken_by(leg.side), amount, to_size(leg.market.lot), share))
        amount = brought(leg.side, leg.market.fees, fills[-1])
    price_in, price_out = (value_of(each) / size_of(each) for each in (fills[0], fills[2]))
    worths = (Decimal(1), price_in if chosen[1][0].side == "buy" else price_out, Decimal(1))
    legs = tuple(Taken(leg, book, mine, worth) for (leg, book), mine, worth in zip(chosen, fills, worths, strict=True))
    spent = legs[0].value
    fees = sum((taken.fee for taken in legs), Decimal(0))
    net = amount - spent - gas
    thinnest = min(legs, key=lambda taken: (taken.spare, taken.leg.token.name))
    worse = net - one_tick(thinnest) - BASIS_POINT * (spent + legs[2].value)
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
    """Judge the plan of a cycle; parameters are those of `settle_plan`.

    Each trade is sent for the share of its plan that the one before it filled, at its limit. What a trade brought
    and the next did not take is traded back at once, the way it came.
    """
    legs = planned.plan.legs
    at = to_datetime(now)
    if any(leg.token not in books for leg in legs):
        return Settlement.unjudged(planned.plan.revision, at)
    fills: list[tuple[Fill, ...]] = []
    met: list[float] = []  # of what each was sent for
    wanted = units(legs[0].size)
    for place, leg in enumerate(legs):
        levels = within(books[leg.token].taken_by(leg.side), leg.limit_price, leg.side)
        fills.append(take(levels, wanted, share))
        met.append(units(size_of(fills[-1])) / wanted if wanted else 1.0)
        if place + 1 < len(legs):
            wanted = units(legs[place + 1].size) * units(size_of(fills[-1])) // units(leg.size)
    filled = [size_of(mine) / leg.size for mine, leg in zip(fills, legs, strict=True)]
    back = _traded_back(legs, fees, books, fills, filled)
    net = None if back is None else brought("sell", fees[2], fills[2]) + back - value_of(fills[0])
    if net is not None and filled[-1]:
        net -= planned.gas
    late = min(range(len(legs)), key=lambda place: met[place])
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


def brought(side: str, fees: FeeSchedule, fills: Sequence[Fill]) -> Decimal:
    """What a trade brings: of what is bought or of its price, less the fee, which is a share of it."""
    return (size_of(fills) if side == "buy" else value_of(fills)) * (1 - fees.rate)


def _traded_back(
    legs: Sequence[PlanLeg],
    fees: Sequence[FeeSchedule],
    books: Mapping[str, Book],
    fills: Sequence[Sequence[Fill]],
    filled: Sequence[Decimal],
) -> Decimal | None:
    """The money that comes of what stands alone after a trade; None if a book does not hold enough."""
    amount = Decimal(0)
    for place in (1, 0):
        if filled[place]:
            alone = (filled[place] - filled[place + 1]) / filled[place]
            amount += alone * brought(legs[place].side, fees[place], fills[place])
        if not amount:
            continue
        side = "sell" if legs[place].side == "buy" else "buy"
        back = _fills(side, books[legs[place].token].taken_by(side), amount, 1, 1.0)
        used = size_of(back) if side == "sell" else value_of(back)
        if amount - used > NANO * 1000 * max(Decimal(1), back[-1][0] if back else Decimal(1)):
            return None
        amount = brought(side, fees[place], back)
    return amount


def _fills(side: str, levels: Levels, amount: Decimal, lot: int, share: float) -> tuple[Fill, ...]:
    """The most whole lots (SIZE_UNITS) that `amount` buys, or of `amount` that are sold."""
    if side == "sell":
        return take(levels, units(amount) // lot * lot, share)
    total = 0
    for price, here in levels:
        dear = Decimal(price).scaleb(-9)
        part = min(int(here * share), units(amount / dear))
        total += part
        amount -= contracts(part) * dear
        if part < int(here * share):
            break
    return take(levels, total // lot * lot, share)
