"""Weighing: what speaks against an opportunity, as a grade whose every step has its reason."""

from domain.arbitrage import ArbitrageSettings
from domain.clock import DAY, MILLISECOND, SECOND
from domain.markets import Group
from domain.opportunities import GRADES, ExecutionPlan, RiskAssessment
from operators.appraise import Appraisal
from operators.arbitrages import Basket

OLD_MS = 10_000.0
"""Age of a book that costs a grade. Polymarket's liquid books change every few seconds (2026-09)."""
LONG_LOCK_DAYS = 30.0
MANY_LEGS = 5
HIGH_LEG_RISK = 0.5
LEG_RISK_AGE_S = 10.0
"""Age at which a book counts half as stale."""
TWO_GRADES = 2


def weigh(
    group: Group,
    basket: Basket,
    appraisal: Appraisal,
    plan: ExecutionPlan,
    settings: ArbitrageSettings,
    now: int,
) -> RiskAssessment:
    """The risk of a basket as it was appraised at `now` (ns).

    It begins at A. A grade each is lost by an assumed fee, rules that only a person has compared, a
    payoff that is far away or of unknown date, old books, books that differ much in age, many legs, legs
    that take much of what is visible, and legs that cannot be undone; two by an edge that does not
    survive one tick.
    """
    seen = [taken.book.seen_at for taken in appraisal.legs]
    staleness_ms, skew_ms = (now - min(seen)) / MILLISECOND, (max(seen) - min(seen)) / MILLISECOND
    lock = lock_days(basket, now)
    risk = leg_risk(appraisal, now)
    assumed = any(taken.leg.market.fees.assumed for taken in appraisal.legs)
    found: list[tuple[bool, int, str]] = [
        (assumed, 1, "a fee is not published; the highest is assumed"),
        (group.kind == "pair", 1, "two venues judge by rules of their own, compared by a person"),
        (lock is None, 1, "nobody says when it pays"),
        (lock is not None and lock > LONG_LOCK_DAYS, 1, f"capital is bound for {lock or 0.0:.0f} days"),
        (staleness_ms > OLD_MS, 1, f"the oldest book is {staleness_ms / 1000.0:.0f} s old"),
        (skew_ms > 1000.0 * settings.skew_max_s, 1, f"the books are {skew_ms / 1000.0:.0f} s apart"),
        (len(appraisal.legs) > MANY_LEGS, 1, f"{len(appraisal.legs)} legs must fill"),
        (risk > HIGH_LEG_RISK, 1, "a leg takes much of what is visible"),
        (plan.unwind_cost is None, 1, "a leg that stood alone could not be undone"),
        (appraisal.edge_after_1_tick <= 0.0, TWO_GRADES, "one tick on the thinnest leg takes the edge"),
    ]
    lost = sum(cost for met, cost, _ in found if met)
    grade = GRADES[min(lost, len(GRADES) - 2)] if basket.allowed else GRADES[-1]
    return RiskAssessment(
        gates=list(basket.gates),
        staleness_ms=staleness_ms,
        skew_ms=skew_ms,
        leg_risk=risk,
        exhaustiveness="proven" if any(gate.name == "exhaustive" for gate in basket.gates) else "not_needed",
        rule_equivalence="reviewed" if group.kind == "pair" else "same_rules",
        time_lock_days=lock,
        fee_certainty="assumed" if assumed else "published",
        market_state="open",
        grade=grade,
        reasons=[reason for met, _, reason in found if met],
    )


def lock_days(basket: Basket, now: int) -> float | None:
    """Days until a set pays: 0 if at once, None if unknown."""
    if basket.at_once:
        return 0.0
    closes = [leg.market.closes_at_ns for leg in basket.legs]
    return max(0.0, (max(closes) - now) / DAY) if all(closes) else None


def leg_risk(appraisal: Appraisal, now: int) -> float:
    """[0, 1): 1 - Π (1 - r), r the share of visible size that a leg takes, times a / (a + 10 s) of its book's age a.

    The age counts from a tenth of a second on, since nothing arrives sooner.
    """
    safe = 1.0
    for taken in appraisal.legs:
        age_s = max(0.1, (now - taken.book.seen_at) / SECOND)
        safe *= 1.0 - float(1 / taken.spare) * age_s / (age_s + LEG_RISK_AGE_S)
    return 1.0 - safe
