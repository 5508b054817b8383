"""Opportunities as an engine could emit them, with different values of every field that has a filter."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import msgspec

from domain.opportunities import ExecutionPlan, Gate, Opportunity, PlanLeg, RiskAssessment, Settlement

BEGIN = datetime(2026, 11, 20, 12, tzinfo=UTC)
KINDS = (("buy_pair", "P1"), ("buy_all_no", "P4"))


def leg(at: datetime, token: str, price: str) -> PlanLeg:
    return PlanLeg(
        venue="polymarket",
        market="polymarket:m",
        token=token,
        outcome="Yes",
        side="buy",
        limit_price=Decimal(price),
        size=Decimal("40.5"),
        time_in_force="fak",
        average_price=Decimal(price),
        fee=Decimal("0.012345"),
        levels=1,
        visible_size=Decimal(81),
        book_at=at,
        seen_at=at,
        unwind_cost=None,
    )


def opportunity(number: int, revision: int = 0, **changes: Any) -> Opportunity:
    """An opportunity opened in minute `number`; its third revision closes it."""
    opened_at = BEGIN + timedelta(minutes=number)
    at = opened_at + timedelta(seconds=revision)
    kind, code = KINDS[number % 2]
    plain = Opportunity(
        id=f"{number:032x}",
        kind=kind,
        code=code,
        group=f"polymarket:{number % 3}",
        slug=f"will-it-{number % 3}",
        title="Will it?",
        change=("opened", "updated", "closed")[min(revision, 2)],  # type: ignore[arg-type]
        revision=revision,
        opened_at=opened_at,
        updated_at=at,
        closed_at=at if revision > 1 else None,
        close_reason="edge gone" if revision > 1 else None,
        size=Decimal("40.5"),
        payoff=Decimal(1),
        gross=Decimal("1.25"),
        fees=Decimal("0.02469"),
        gas=Decimal("0.02"),
        net=Decimal("1.20531") + number,
        capital=Decimal("39.27"),
        edge=0.02 + number / 1000,
        edge_after_1_tick=0.01,
        roi=0.03,
        apr=None if number % 2 else 1.5,
        best_edge=0.05,
        best_net=1.5,
        best_size=Decimal(50),
        duration_s=float(revision),
        plan=ExecutionPlan(
            legs=[leg(at, "polymarket:1", "0.45"), leg(at, "polymarket:2", "0.52")],
            max_skew_ms=250.0,
            unwind_cost=Decimal("0.81"),
            expires_at=at + timedelta(seconds=3),
            revision=min(revision, 1),
        ),
        risk=RiskAssessment(
            gates=[Gate(name="exhaustive", passed=True, reason="both answers of one market")],
            staleness_ms=12.5,
            skew_ms=2.5,
            leg_risk=0.25,
            exhaustiveness="proven",
            rule_equivalence="same_rules",
            time_lock_days=None,
            fee_certainty="published",
            market_state="open",
            grade="B",
            reasons=["the second book is 12 ms old"],
        ),
        settlement=None,
        simulated=bool(number % 2),
    )
    return msgspec.structs.replace(plain, **changes)


def settled(number: int) -> Opportunity:
    """The same opportunity after it closed and its plan was judged."""
    closed = opportunity(number, 2)
    judged = Settlement(
        judged_at=closed.updated_at,
        outcome="partial",
        size=Decimal("20.25"),
        net=Decimal("-0.5"),
        edge=-0.0123,
        fills=[1.0, 0.5],
        late_leg="polymarket:2",
        revision=closed.plan.revision,
    )
    return msgspec.structs.replace(closed, change="settled", revision=3, settlement=judged)
