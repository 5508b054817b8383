"""Risk assessment of an opportunity: a letter grade with one reason for each downgrade."""

from domain.arbitrage import ArbitrageSettings
from domain.clock import DAY, MILLISECOND, SECOND
from domain.markets import Group
from domain.opportunities import GRADES, ExecutionPlan, RiskAssessment
from operators.appraise import Appraisal
from operators.arbitrages import Basket

OLD_MS = 10_000.0
"""Book age that costs one grade. Polymarket's liquid books change every few seconds (2026-09)."""
LONG_LOCK_DAYS = 30.0
MANY_LEGS = 5
HIGH_LEG_RISK = 0.5
LEG_RISK_AGE_S = 10.0
"""Book age at which half of the leg risk applies."""
TWO_GRADES = 2


def weigh_risk(
    group: Group,
    basket: Basket,
    appraisal: Appraisal,
    plan: ExecutionPlan,
    settings: ArbitrageSettings,
    now: int,
) -> RiskAssessment:
    """Assess the risk of a basket as appraised at `now` (ns).

    The grade starts at A. One grade each is deducted for an assumed fee, settlement rules that were only compared
    manually, a payoff that is far away or of unknown date, stale books, a large age difference between books,
    many legs, legs that take a large part of the visible size, and legs that cannot be unwound; two grades for an
    edge that does not survive one tick.
    """
    seen = [each.book.seen_at for each in appraisal.legs]
    staleness_ms, skew_ms = (now - min(seen)) / MILLISECOND, (max(seen) - min(seen)) / MILLISECOND
    lock = lock_days(basket, now)
    risk = leg_risk(appraisal, now)
    assumed = any(each.leg.market.fees.assumed for each in appraisal.legs)
    found: list[tuple[bool, int, str]] = [
        (assumed, 1, "a fee is not published; the highest is assumed"),
        (group.kind == "pair", 1, "the two venues settle by different rules, compared by a person"),
        (lock is None, 1, "the payoff date is unknown"),
        (lock is not None and lock > LONG_LOCK_DAYS, 1, f"capital is locked for {lock or 0.0:.0f} days"),
        (staleness_ms > OLD_MS, 1, f"the oldest book is {staleness_ms / 1000.0:.0f} s old"),
        (skew_ms > 1000.0 * settings.skew_max_s, 1, f"the books are {skew_ms / 1000.0:.0f} s apart"),
        (len(appraisal.legs) > MANY_LEGS, 1, f"{len(appraisal.legs)} legs must fill"),
        (risk > HIGH_LEG_RISK, 1, "a leg takes a large part of the visible size"),
        (plan.unwind_cost is None, 1, "an unmatched leg could not be unwound"),
        (appraisal.edge_after_1_tick <= 0.0, TWO_GRADES, "one tick on the thinnest leg removes the edge"),
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
    """Days until the payoff: 0 if immediate, None if unknown."""
    if basket.at_once:
        return 0.0
    closes = [leg.market.closes_at_ns for leg in basket.legs]
    return max(0.0, (max(closes) - now) / DAY) if all(closes) else None


def leg_risk(appraisal: Appraisal, now: int) -> float:
    """Leg risk in [0, 1): 1 - Π (1 - r), with r the fraction of visible size taken, times a / (a + 10 s) at book age a.

    The age is at least 0.1 s, since no update arrives sooner.
    """
    safe = 1.0
    for each in appraisal.legs:
        age_s = max(0.1, (now - each.book.seen_at) / SECOND)
        safe *= 1.0 - float(1 / each.depth_ratio) * age_s / (age_s + LEG_RISK_AGE_S)
    return 1.0 - safe
