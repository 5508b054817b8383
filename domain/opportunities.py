"""Opportunity: an arbitrage while it lasts, how it would be traded, what speaks against it, what it came to.

It has one id over its life: opened when it begins to pay, updated when it pays noticeably more or less,
closed when it pays no more, and settled once the books that followed have shown whether its plan would
have filled. Nothing is ever ordered. Prices, sizes and money are exact decimals, ratios floats.
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
    """Something that must be true, whether it is, and why."""

    name: str
    passed: bool
    reason: str


class PlanLeg(msgspec.Struct, frozen=True, kw_only=True):
    """One order of a plan.

    Attributes
    ----------
    venue, market, token, outcome
        What; names as in `domain.markets`.
    side, limit_price, size, time_in_force
        The order: at the worst price that the basket needs, a level of the book; what does not fill at once is
        killed, and the legs after it are sent for as much as filled.
    average_price, fee
        What the books show that it costs, a contract, in what its market is quoted in; and dollars of fees.
    levels
        Price levels that it takes from.
    visible_size
        Contracts that the book shows at `limit_price` or better.
    book_at, seen_at
        The venue's time of the book, and when it was last heard of.
    unwind_cost
        Dollars lost if it has to be undone at once, at the other side of the book; null if that is empty.
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
    """How it would be traded.

    Attributes
    ----------
    legs
        In the order in which they are sent: the thinnest first, since it is the first to go.
    max_skew_ms
        The most by which the books may differ in age before the plan is void.
    unwind_cost
        Dollars lost if all legs but the last were filled and had to be undone; null if they cannot.
    expires_at
        The plan is void from then on, whatever the books say.
    revision
        Of the opportunity, with which it came; later ones that only close or judge leave the plan as it is.
    """

    legs: list[PlanLeg]
    max_skew_ms: float
    unwind_cost: Decimal | None
    expires_at: datetime
    revision: int = 0


class RiskAssessment(msgspec.Struct, frozen=True, kw_only=True):
    """What speaks against it.

    Attributes
    ----------
    gates
        All are passed, or it were no opportunity.
    staleness_ms, skew_ms
        Age of the oldest book, and between the oldest and the newest.
    leg_risk
        [0, 1): grows with the share of what is visible that each leg takes, and with its book's age. It
        ranks; it is no probability.
    exhaustiveness
        Whether the answers were proven to be all there are, where that matters.
    rule_equivalence
        `same_rules`, or `reviewed` by a person.
    time_lock_days
        Until the payoff is paid; 0 if at once, null if unknown.
    fee_certainty
        `published` by the venue, or `assumed` to be the highest.
    market_state
        The worst of its markets.
    grade, reasons
        A to E, and what cost each grade; F would be a gate that is shut.
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
    """What the books that followed would have made of a plan.

    Attributes
    ----------
    revision
        Of the opportunity, with which the plan came.
    judged_at
        When that was, and the latency after it.
    outcome
        `filled`; `partial`, some sets; `missed`, none; `unjudged`, since a book was no longer to be trusted.
    size
        Sets of which all legs filled.
    net, edge
        Dollars, after fees, gas and the unwinding of legs that stood alone; and of each set of the plan.
        Null if unjudged, or if what stood alone could not be undone.
    fills
        The share of each leg of the plan that filled, in its order.
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
        """Of a plan one of whose books was not to be trusted when it was to be judged."""
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
    """An arbitrage as of its last change.

    Attributes
    ----------
    id
        The same over its life.
    kind, code
        Name of the arbitrage, and its number P1 to P9.
    group, slug, title
        The markets it stands on.
    change, revision
        What happened last, and how many changes there were before.
    opened_at, updated_at, closed_at, close_reason
        `closed_at` is null while it is open.
    size, payoff, gross, fees, gas, net, capital
        Sets, dollars a set is worth in the end beside what is sold, and dollars of all sets. Of what trades on
        exchanges the money that it is quoted in stands for dollars.
    edge, edge_after_1_tick
        Net dollars a set; the same if the thinnest leg is filled a tick worse, and fees are a basis point
        of the price higher.
    roi, apr
        Net over capital; over a year, where it is known when it pays and that is not at once.
    best_edge, best_net, best_size, duration_s
        Over its life.
    plan, risk, settlement
        As of the last update, on the wire `execution_plan` and `risk_assessment`; the settlement is that of the
        last plan that was judged, null until then.
    simulated
        Whether its markets are.
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
