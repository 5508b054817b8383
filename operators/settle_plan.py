"""Plan settlement: simulate the fills of a plan against the order books one latency after the decision.

Legs are sent in the order of the plan, each at its limit price and for as much as the leg before it filled.
What an earlier leg filled beyond the last is unwound at once on the opposite side of its book.
"""

from collections.abc import Mapping, Sequence
from decimal import Decimal

from domain.clock import to_datetime
from domain.fees import order_fee
from domain.markets import FeeSchedule
from domain.opportunities import Opportunity, Settlement
from operators.appraise import Book, Fill, size_of, take, trimmed, units, unwind_cost, value_of, within


def settle_plan(
    planned: Opportunity, fees: Sequence[FeeSchedule], books: Mapping[str, Book], share: float, now: int
) -> Settlement:
    """Settle the plan of an opportunity.

    Parameters
    ----------
    planned
        The opportunity as published with the plan.
    fees
        Fee schedule of each leg.
    books
        Order book of each leg's token at `now`; a book that is unusable is absent.
    share
        Fraction of each level assumed to be available.
    now
        Time at which the orders reach the venue, ns.
    """
    legs = planned.plan.legs
    at = to_datetime(now)
    if any(leg.token not in books for leg in legs):
        return Settlement.unjudged(planned.plan.revision, at)
    fills: list[tuple[Fill, ...]] = []
    ordered = units(planned.size)
    for leg in legs:
        book = books[leg.token]
        fills.append(take(within(book.taken_by(leg.side), leg.limit_price, leg.side), ordered, share))
        ordered = units(size_of(fills[-1]))
    matched = size_of(fills[-1])
    net = _net(planned, matched, fills, fees, books)
    filled = [float(size_of(each) / planned.size) for each in fills]
    late = min(range(len(legs)), key=lambda place: filled[place])
    return Settlement(
        revision=planned.plan.revision,
        judged_at=at,
        outcome="filled" if matched == planned.size else "partial" if matched else "missed",
        size=trimmed(matched),
        net=None if net is None else trimmed(net),
        edge=None if net is None else float(net / planned.size),
        fills=filled,
        late_leg=None if matched == planned.size else legs[late].token,
    )


def _net(
    planned: Opportunity,
    matched: Decimal,
    fills: Sequence[tuple[Fill, ...]],
    fees: Sequence[FeeSchedule],
    books: Mapping[str, Book],
) -> Decimal | None:
    """Net profit in dollars of the matched sets, less the cost of unwinding the rest; None if that is impossible."""
    net = planned.payoff * matched - (planned.gas if matched else Decimal(0))
    for leg, mine, schedule in zip(planned.plan.legs, fills, fees, strict=True):
        value = value_of(mine)
        net += (value if leg.side == "sell" else -value) - order_fee(schedule, mine)
        if (unmatched := units(size_of(mine) - matched)) > 0:
            loss = unwind_cost(schedule, leg.side, value, unmatched, books[leg.token])
            if loss is None:
                return None
            # The loss is relative to `value`, which `net` already contains.
            net += (value if leg.side == "buy" else -value) - loss
    return net
