"""Opportunity tracker: the lifecycle of a shard's opportunities, and the record of every change."""

from collections.abc import Sequence
from typing import Any

import msgspec
import numpy as np

from domain.arbitrage import ArbitrageSettings
from domain.clock import MILLISECOND, SECOND, to_datetime
from domain.findings import OPPORTUNITY, BookCounts, Findings
from domain.ids import opportunity_id
from domain.instruments import instrument_id, venue_of
from domain.markets import FeeSchedule
from domain.opportunities import CHANGES, GRADES, Opportunity, Settlement
from operators.appraise import Appraisal, contracts, plan_of, trimmed
from operators.arbitrages import Arbitrage
from operators.group_tables import GroupBasket, Key
from operators.weigh_risk import weigh_risk


class PendingPlan(msgspec.Struct, frozen=True):
    """A plan that is not yet settled.

    Attributes
    ----------
    document
        The opportunity as published with the plan.
    due_at
        Time of its settlement, ns.
    fees
        Fee schedules of its legs.
    cycle
        Whether each leg is paid for with the proceeds of the one before it.
    """

    document: Opportunity
    due_at: int
    fees: list[FeeSchedule]
    cycle: bool


class TrackedOpportunity(msgspec.Struct):
    """An opportunity that is open or has unsettled plans.

    Attributes
    ----------
    key
        Key of its basket; None once it is closed.
    opened_at
        Time of its opening, ns.
    latest
        Latest published version.
    plans
        Its unsettled plans, oldest first.
    """

    key: Key | None
    opened_at: int
    latest: Opportunity
    plans: list[PendingPlan]


_tracked = msgspec.json.Decoder(list[TrackedOpportunity])


class OpportunityTracker:
    """Open, update, close and settle opportunities; `changes` holds what `drain` will return."""

    def __init__(self, settings: ArbitrageSettings, kinds: Sequence[Arbitrage]) -> None:
        self._settings = settings
        self._kinds = {kind.name: (at, kind.code) for at, kind in enumerate(kinds)}
        self._tracked: dict[str, TrackedOpportunity] = {}
        self._open: dict[Key, TrackedOpportunity] = {}
        self.changes: list[tuple[Opportunity, int, int]] = []

    @property
    def open_keys(self) -> list[Key]:
        """Keys of the open baskets, in the order in which they opened."""
        return list(self._open)

    @property
    def pending_plans(self) -> list[tuple[TrackedOpportunity, PendingPlan]]:
        """Unsettled plans in the order of their settlement times."""
        pending = ((tracked, plan) for tracked in self._tracked.values() for plan in tracked.plans)
        return sorted(pending, key=lambda each: (each[1].due_at, each[0].latest.id))

    def snapshot(self) -> bytes:
        """Serialise the tracked opportunities; `changes` is always empty between two batches."""
        return msgspec.json.encode(list(self._tracked.values()))

    def restore(self, frozen: bytes) -> None:
        """Restore a snapshot."""
        for tracked in _tracked.decode(frozen):
            self._tracked[tracked.latest.id] = tracked
            if tracked.key is not None:
                self._open[tracked.key] = tracked

    def open(self, each: GroupBasket, appraisal: Appraisal, best: Any, now: int) -> None:
        """Record that a basket became profitable, and schedule the settlement of its plan one latency later."""
        document = self._document(each, appraisal, best, now, None)
        tracked = TrackedOpportunity(key=each.key, opened_at=now, latest=document, plans=[])
        self._open[each.key] = self._tracked[document.id] = tracked
        self._plan(tracked, each, appraisal, now)
        self._record(tracked, now)

    def update(self, each: GroupBasket, appraisal: Appraisal, best: Any, now: int) -> None:
        """Record a material change of profit, and schedule the settlement of the new plan one latency later."""
        tracked = self._open[each.key]
        tracked.latest = self._document(each, appraisal, best, now, tracked)
        self._plan(tracked, each, appraisal, now)
        self._record(tracked, now)

    def close(self, key: Key, reason: str, best: Any, now: int) -> None:
        """Record that a basket is no longer profitable."""
        tracked = self._open.pop(key)
        tracked.key = None
        tracked.latest = msgspec.structs.replace(
            tracked.latest,
            change="closed",
            revision=tracked.latest.revision + 1,
            updated_at=to_datetime(now),
            closed_at=to_datetime(now),
            close_reason=reason,
            duration_s=(now - tracked.opened_at) / SECOND,
            **_best(best),
        )
        self._record(tracked, now)

    def settle(self, tracked: TrackedOpportunity, plan: PendingPlan, settlement: Settlement, now: int) -> None:
        """Record the settlement of a plan."""
        tracked.plans = [each for each in tracked.plans if each is not plan]
        tracked.latest = msgspec.structs.replace(
            tracked.latest,
            change="settled",
            revision=tracked.latest.revision + 1,
            updated_at=to_datetime(now),
            settlement=settlement,
        )
        self._record(tracked, now)

    def drain(self, watermark: int, counts: BookCounts) -> Findings:
        """Return the changes since the last call."""
        rows = np.zeros(len(self.changes), OPPORTUNITY)
        for row, (document, opened_at, now) in zip(rows, self.changes, strict=True):
            row["at"], row["opened_at"] = now, opened_at
            self._write(row, document)
        findings = Findings(watermark, [document for document, _, _ in self.changes], rows, counts)
        self.changes = []
        return findings

    def _plan(self, tracked: TrackedOpportunity, each: GroupBasket, appraisal: Appraisal, now: int) -> None:
        due_at = now + int(self._settings.latency_ms * MILLISECOND)
        fees = [filled.leg.market.fees for filled in appraisal.legs]
        tracked.plans.append(PendingPlan(tracked.latest, due_at, fees, each.basket.cycle))

    def _record(self, tracked: TrackedOpportunity, now: int) -> None:
        self.changes.append((tracked.latest, tracked.opened_at, now))
        if tracked.key is None and not tracked.plans:
            del self._tracked[tracked.latest.id]

    def _document(
        self, each: GroupBasket, found: Appraisal, best: Any, now: int, tracked: TrackedOpportunity | None
    ) -> Opportunity:
        group, basket = each.group, each.basket
        revision = tracked.latest.revision + 1 if tracked else 0
        plan = plan_of(found, self._settings, now, revision)
        risk = weigh_risk(group, basket, found, plan, self._settings, now)
        roi = float(found.net / found.capital) if found.capital else 0.0
        opened_at = tracked.opened_at if tracked else now
        return Opportunity(
            id=tracked.latest.id if tracked else opportunity_id(basket.kind, group.name, basket.key, now),
            kind=basket.kind,
            code=self._kinds[basket.kind][1],
            group=group.name,
            slug=group.slug,
            title=group.title,
            change="updated" if tracked else "opened",
            revision=revision,
            opened_at=to_datetime(opened_at),
            updated_at=to_datetime(now),
            closed_at=None,
            close_reason=None,
            size=found.size,
            payoff=found.payoff,
            gross=found.gross,
            fees=found.fees,
            gas=found.gas,
            net=found.net,
            capital=found.capital,
            edge=found.edge,
            edge_after_1_tick=found.edge_after_1_tick,
            roi=roi,
            apr=roi * 365.0 / risk.time_lock_days if risk.time_lock_days else None,
            duration_s=(now - opened_at) / SECOND,
            plan=plan,
            risk=risk,
            settlement=tracked.latest.settlement if tracked else None,
            simulated=venue_of(group.name) == "sim",
            **_best(best),
        )

    def _write(self, row: Any, document: Opportunity) -> None:
        settlement = document.settlement if document.change == "settled" else None
        net, edge = (settlement.net, settlement.edge) if settlement else (document.net, document.edge)
        row["id"] = int(document.id[:16], 16) >> 1
        row["group"], row["kind"] = instrument_id(document.group), self._kinds[document.kind][0]
        row["size"] = settlement.size if settlement else document.size
        row["net"] = np.nan if net is None else net
        row["edge"] = np.nan if edge is None else edge
        row["best_edge"], row["fees"], row["capital"] = document.best_edge, document.fees, document.capital
        row["change"] = CHANGES.index(document.change)
        row["grade"], row["legs"] = GRADES.index(document.risk.grade), len(document.plan.legs)


def _best(row: Any) -> dict[str, Any]:
    """Best figures over the lifetime of an opportunity, from the row of its basket."""
    return {
        # Rounded to the precision at which floating point and decimals agree.
        "best_edge": round(float(row["best_edge"]), 12),
        "best_net": round(float(row["best_net"]), 9),
        "best_size": trimmed(contracts(int(row["best_size"]))),
    }
