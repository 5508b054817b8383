"""Opportunity: an open or past arbitrage, with its execution plan, its risk assessment and its settlement.

It keeps one id over its lifetime: opened when it becomes profitable, updated when its profit changes noticeably, closed
when it is no longer profitable, and settled once the order books that followed have shown whether its plan would have
filled. No order is ever placed. Prices, sizes and money are exact decimals; ratios are floats.
"""

from datetime import datetime
from decimal import Decimal
from typing import Literal

import msgspec

CHANGES = ("opened", "updated", "closed", "settled")
Change = Literal["opened", "updated", "closed", "settled"]

Grade = Literal["A", "B", "C", "D", "E", "F"]
GRADES: tuple[Grade, ...] = ("A", "B", "C", "D", "E", "F")


class Gate(msgspec.Struct, frozen=True, kw_only=True):
    """A condition that an opportunity must meet, whether it does, and why."""

    name: str
    passed: bool
    reason: str


class PlanLeg(msgspec.Struct, frozen=True, kw_only=True):
    """One order of an execution plan.

    Attributes
    ----------
    venue, market, token, outcome
        The instrument; names as in `domain.markets`.
    side, limit_price, size, time_in_force
        The order. `limit_price` is the worst price level of the book that the basket needs. What does not fill
        at once is cancelled (fill and kill), and the following legs are sent for the filled size.
    average_price, fee
        Average price per contract according to the book, in the quote currency of the market; fee in dollars.
    levels
        Number of price levels that it takes from.
    visible_size
        Contracts in the book at `limit_price` or better.
    book_at, seen_at
        The venue's timestamp of the book, and the time of its last update.
    unwind_cost
        Dollars lost if it has to be unwound at once, at the other side of the book; null if that side is empty.
    """

    venue: str
    market: str
    token: str
    outcome: str
    side: Literal["buy", "sell"]
    limit_price: Decimal
    size: Decimal
    time_in_force: Literal["fak"]
    average_price: Decimal
    fee: Decimal
    levels: int
    visible_size: Decimal
    book_at: datetime
    seen_at: datetime
    unwind_cost: Decimal | None


class ExecutionPlan(msgspec.Struct, frozen=True, kw_only=True):
    """How an opportunity would be traded.

    Attributes
    ----------
    legs
        Orders in the sequence in which they are sent: the leg with the least liquidity first, since it is the
        first to disappear.
    max_skew_ms
        Maximum difference in age between the books before the plan is invalid.
    unwind_cost
        Dollars lost if all legs but the last filled and had to be unwound; null if they cannot be.
    expires_at
        The plan is invalid from this time on, whatever the books show.
    revision
        Revision of the opportunity that introduced the plan; revisions that only close or settle do not change it.
    """

    legs: list[PlanLeg]
    max_skew_ms: float
    unwind_cost: Decimal | None
    expires_at: datetime
    revision: int = 0


class RiskAssessment(msgspec.Struct, frozen=True, kw_only=True):
    """Risks of an opportunity.

    Attributes
    ----------
    gates
        Conditions; all of them are met, otherwise there is no opportunity.
    staleness_ms, skew_ms
        Age of the oldest book, and difference in age between the oldest and the newest.
    leg_risk
        [0, 1): grows with the share of the visible size that each leg takes, and with the age of its book. A
        ranking score, not a probability.
    exhaustiveness
        Whether the outcomes are proven to be exhaustive, where that matters.
    rule_equivalence
        `same_rules`, or `reviewed` by a person.
    time_lock_days
        Days until the payoff is paid; 0 if at once, null if unknown.
    fee_certainty
        `published` by the venue, or `assumed` to be the venue's highest.
    market_state
        The worst state of its markets.
    grade, reasons
        A to E, with the reason for each grade lost; F would be a failed gate.
    """

    gates: list[Gate]
    staleness_ms: float
    skew_ms: float
    leg_risk: float
    exhaustiveness: Literal["proven", "not_needed"]
    rule_equivalence: Literal["same_rules", "reviewed"]
    time_lock_days: float | None
    fee_certainty: Literal["published", "assumed"]
    market_state: str
    grade: Grade
    reasons: list[str]


class Settlement(msgspec.Struct, frozen=True, kw_only=True):
    """How a plan would have filled against the order books that followed.

    Attributes
    ----------
    revision
        Revision of the opportunity that introduced the plan.
    judged_at
        Time of that revision, plus the latency.
    outcome
        `filled`; `partial`: some sets filled; `missed`: none; `unjudged`: a book was no longer valid.
    size
        Sets of which all legs filled.
    net, edge
        Net dollars after fees, gas and unwinding incomplete sets, in total and per set of the plan. Null if
        unjudged, or if an incomplete set could not be unwound.
    fills
        Filled share of each leg of the plan, in its order.
    late_leg
        Token of the leg that filled least; null if all filled.
    """

    judged_at: datetime
    outcome: Literal["filled", "partial", "missed", "unjudged"]
    size: Decimal
    net: Decimal | None
    edge: float | None
    fills: list[float]
    late_leg: str | None
    revision: int = 0

    @classmethod
    def unjudged(cls, revision: int, judged_at: datetime) -> "Settlement":
        """The settlement of a plan when one of its books was not valid at that time."""
        return cls(
            revision=revision,
            judged_at=judged_at,
            outcome="unjudged",
            size=Decimal(0),
            net=None,
            edge=None,
            fills=[],
            late_leg=None,
        )


class Opportunity(
    msgspec.Struct, frozen=True, kw_only=True, rename={"plan": "execution_plan", "risk": "risk_assessment"}
):
    """An arbitrage opportunity as of its last change.

    Attributes
    ----------
    id
        Constant over its lifetime.
    kind, code
        Name of the arbitrage, and its number P1 to P9.
    group, slug, title
        The markets that it trades.
    change, revision
        The last change, and the number of changes before it.
    opened_at, updated_at, closed_at, close_reason
        `closed_at` is null while it is open.
    size, payoff, gross, fees, gas, net, capital
        Number of sets; dollars that one set pays at the end, apart from sale proceeds; and dollars for all sets.
        For instruments of exchanges, the quote currency stands for dollars.
    edge, edge_after_1_tick
        Net dollars per set; the same if the leg with the least liquidity fills one tick worse and fees are one
        basis point of the price higher.
    roi, apr
        Net over capital; annualised if the payoff date is known and not immediate.
    best_edge, best_net, best_size, duration_s
        Over its lifetime.
    plan, risk, settlement
        As of the last update. The settlement is that of the last settled plan, null until then.
    simulated
        Whether its markets are simulated.
    """

    id: str
    kind: str
    code: str
    group: str
    slug: str
    title: str
    change: Change
    revision: int
    opened_at: datetime
    updated_at: datetime
    closed_at: datetime | None
    close_reason: str | None
    size: Decimal
    payoff: Decimal
    gross: Decimal
    fees: Decimal
    gas: Decimal
    net: Decimal
    capital: Decimal
    edge: float
    edge_after_1_tick: float
    roi: float
    apr: float | None
    best_edge: float
    best_net: float
    best_size: Decimal
    duration_s: float
    plan: ExecutionPlan
    risk: RiskAssessment
    settlement: Settlement | None = None
    simulated: bool = False
