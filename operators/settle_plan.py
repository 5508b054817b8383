"""Settling a plan: what the books that followed would have made of it.

All legs go out one latency after the decision and meet the books as they are then. In the plan's order
each leg is sent for as much as the one before it filled, at its limit; what an earlier leg filled beyond
the last is undone at once, at the other side of its book.
"""

from collections.abc import Mapping, Sequence
from decimal import Decimal

from domain.clock import to_datetime
from domain.fees import order_fee
from domain.markets import FeeSchedule
from domain.opportunities import Opportunity, Settlement
from operators.appraise import Book, Fill, size_of, take, trimmed, units, unwinding, value_of, within


def settle_plan(
    planned: Opportunity, fees: Sequence[FeeSchedule], books: Mapping[str, Book], share: float, now: int
) -> Settlement:
    """Judge the plan of an opportunity as it was planned.

    Parameters
    ----------
    planned
        As it was told with the plan in question.
    fees
        Of each leg.
    books
        Of each leg's token, as they are at `now`; one that is not there is not to be trusted.
    share
        Share of each level that is counted on.
    now
        Instant at which the orders meet the books, ns.
    """
    legs = planned.plan.legs
    at = to_datetime(now)
    if any(leg.token not in books for leg in legs):
        return Settlement.unjudged(planned.plan.revision, at)
    fills: list[tuple[Fill, ...]] = []
    wanted = units(planned.size)
    for leg in legs:
        book = books[leg.token]
        fills.append(take(within(book.taken_by(leg.side), leg.limit_price, leg.side), wanted, share))
        wanted = units(size_of(fills[-1]))
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
    """Dollars of what matched, less what it costs to undo the rest; None if that cannot be undone."""
    net = planned.payoff * matched - (planned.gas if matched else Decimal(0))
    for leg, mine, schedule in zip(planned.plan.legs, fills, fees, strict=True):
        value = value_of(mine)
        net += (value if leg.side == "sell" else -value) - order_fee(schedule, mine)
        if (alone := units(size_of(mine) - matched)) > 0:
            undone = unwinding(schedule, leg.side, value, alone, books[leg.token])
            if undone is None:
                return None
            # `unwinding` tells the loss against `value`; the value itself is in `net` already.
            net += (value if leg.side == "buy" else -value) - undone
    return net
