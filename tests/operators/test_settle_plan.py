"""`settle_plan`: exact results of orders against later order books."""

from decimal import Decimal as D
from typing import Any

import msgspec
import pytest

from domain.clock import from_datetime, to_datetime
from domain.markets import FeeSchedule
from domain.opportunities import Opportunity, Settlement
from operators.appraise import Book
from operators.settle_plan import settle_plan
from tests.opportunities import BEGIN, opportunity

NOW = from_datetime(BEGIN)
FREE, HUNDREDTH = FeeSchedule(kind="none"), FeeSchedule(kind="notional", rate=D("0.01"))
FIRST, SECOND = "polymarket:1", "polymarket:2"  # 40.5 of each are bought, at .45 and .52
Levels = tuple[tuple[str, str], ...]


def book(bids: Levels = (), asks: Levels = ()) -> Book:
    """Of (price, size)."""
    told = ([(int(D(price).scaleb(9)), int(D(size).scaleb(6))) for price, size in side] for side in (bids, asks))
    return Book(*map(tuple, told), ts=NOW, seen_at=NOW)


def judge(first: Book, second: Book, fees: FeeSchedule = FREE, share: float = 1.0, **changes: Any) -> Settlement:
    return settle_plan(opportunity(1, **changes), [fees] * 2, {FIRST: first, SECOND: second}, share, NOW)


def told(judged: Settlement) -> tuple[Any, ...]:
    return judged.outcome, judged.size, judged.net, judged.fills, judged.late_leg


DEEP = book(bids=(("0.40", "100"),), asks=(("0.45", "100"),))


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [
        (DEEP, book(asks=(("0.52", "100"),)), ("filled", D("40.5"), D("1.195"), [1.0, 1.0], None)),
        (DEEP, book(asks=(("0.51", "20.25"), ("0.52", "99"))), ("filled", D("40.5"), D("1.3975"), [1.0, 1.0], None)),
        # What the first leg filled beyond the second is sold at .40.
        (DEEP, book(asks=(("0.52", "20.25"),)), ("partial", D("20.25"), D("-0.425"), [1.0, 0.5], SECOND)),
        (DEEP, book(asks=(("0.53", "100"),)), ("missed", D(0), D("-2.025"), [1.0, 0.0], SECOND)),
        # Nothing is sent after a leg that filled nothing, and no gas is paid.
        (book(asks=(("0.46", "9"),)), book(asks=(("0.52", "99"),)), ("missed", D(0), D(0), [0.0, 0.0], FIRST)),
        (book(asks=(("0.45", "99"),)), book(), ("missed", D(0), None, [1.0, 0.0], SECOND)),
    ],
)
def test_each_leg_is_sent_for_what_the_one_before_it_filled(
    first: Book, second: Book, expected: tuple[Any, ...]
) -> None:
    judged = judge(first, second)
    assert told(judged) == expected
    assert judged.edge == (None if expected[2] is None else float(expected[2] / D("40.5")))
    assert (judged.revision, judged.judged_at) == (0, to_datetime(NOW))


def test_fees_are_paid_on_every_order() -> None:
    matched = judge(DEEP, book(asks=(("0.52", "100"),)), HUNDREDTH)
    assert matched.net == D("1.195") - D("40.5") * D("0.97") * D("0.01")
    undone = judge(DEEP, book(), HUNDREDTH)
    assert undone.net == D("-2.025") - D("40.5") * (D("0.45") + D("0.40")) * D("0.01")


def test_legs_that_are_sold_bring_money_and_are_bought_back() -> None:
    plan = opportunity(1).plan
    legs = [msgspec.structs.replace(leg, side="sell") for leg in plan.legs]
    sold: dict[str, Any] = {"plan": msgspec.structs.replace(plan, legs=legs), "payoff": D("-0.9")}
    first = book(bids=(("0.45", "100"),), asks=(("0.50", "100"),))
    assert told(judge(first, book(bids=(("0.52", "50"),)), **sold))[:3] == ("filled", D("40.5"), D("2.815"))
    assert told(judge(first, book(bids=(("0.51", "50"),)), **sold))[:3] == ("missed", D(0), D("-2.025"))


def test_only_the_depth_share_of_each_level_is_used() -> None:
    shallow = book(asks=(("0.52", "40.5"),))
    assert judge(DEEP, shallow, share=0.5).size == D("20.25")


def test_unusable_book_leaves_the_plan_unjudged() -> None:
    planned: Opportunity = opportunity(1, 1)
    assert settle_plan(planned, [FREE] * 2, {FIRST: DEEP}, 1.0, NOW) == Settlement.unjudged(1, to_datetime(NOW))
