"""Lives: the opportunities of a shard from their opening to their end, and what is told of each change."""

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
from operators.pitch import Key, Stall
from operators.weigh_risk import weigh


class Planned(msgspec.Struct, frozen=True):
    """A plan that is not yet judged.

    Attributes
    ----------
    document
        The opportunity as it was told with it.
    due_at
        When it is judged, ns.
    fees
        Of its legs.
    cycle
        Whether each leg is paid with what the one before brought.
    """

    document: Opportunity
    due_at: int
    fees: list[FeeSchedule]
    cycle: bool


class Life(msgspec.Struct):
    """An opportunity that is open, or has plans that are not yet judged.

    Attributes
    ----------
    key
        Of its stall; None once it is closed.
    opened_at
        ns.
    latest
        As it was last told.
    plans
        Those that are not yet judged, oldest first.
    """

    key: Key | None
    opened_at: int
    latest: Opportunity
    plans: list[Planned]


_lives = msgspec.json.Decoder(list[Life])


class Lives:
    """Opens, updates, closes and settles; `found` holds what is to be told."""

    def __init__(self, settings: ArbitrageSettings, kinds: Sequence[Arbitrage]) -> None:
        self._settings = settings
        self._kinds = {kind.name: (at, kind.code) for at, kind in enumerate(kinds)}
        self._lives: dict[str, Life] = {}
        self._open: dict[Key, Life] = {}
        self.found: list[tuple[Opportunity, int, int]] = []

    @property
    def open_keys(self) -> list[Key]:
        """Of the stalls whose basket is open, in the order in which they opened."""
        return list(self._open)

    @property
    def planned(self) -> list[tuple[Life, Planned]]:
        """Plans that are not yet judged, in the order in which that is due."""
        waiting = ((life, plan) for life in self._lives.values() for plan in life.plans)
        return sorted(waiting, key=lambda each: (each[1].due_at, each[0].latest.id))

    def snapshot(self) -> bytes:
        """All of them; nothing is left to be told between two batches."""
        return msgspec.json.encode(list(self._lives.values()))

    def restore(self, frozen: bytes) -> None:
        """Go on from a snapshot."""
        for life in _lives.decode(frozen):
            self._lives[life.latest.id] = life
            if life.key is not None:
                self._open[life.key] = life

    def opened(self, stall: Stall, found: Appraisal, best: Any, now: int) -> None:
        """A basket began to pay; its plan is judged one latency later."""
        document = self._document(stall, found, best, now, None)
        life = Life(key=stall.key, opened_at=now, latest=document, plans=[])
        self._open[stall.key] = self._lives[document.id] = life
        self._plan(life, stall, found, now)
        self._tell(life, now)

    def updated(self, stall: Stall, found: Appraisal, best: Any, now: int) -> None:
        """A basket pays noticeably more or less; its new plan is judged one latency later."""
        life = self._open[stall.key]
        life.latest = self._document(stall, found, best, now, life)
        self._plan(life, stall, found, now)
        self._tell(life, now)

    def closed(self, key: Key, reason: str, best: Any, now: int) -> None:
        """A basket pays no more."""
        life = self._open.pop(key)
        life.key = None
        life.latest = msgspec.structs.replace(
            life.latest,
            change="closed",
            revision=life.latest.revision + 1,
            updated_at=to_datetime(now),
            closed_at=to_datetime(now),
            close_reason=reason,
            duration_s=(now - life.opened_at) / SECOND,
            **_best(best),
        )
        self._tell(life, now)

    def settled(self, life: Life, plan: Planned, judged: Settlement, now: int) -> None:
        """A plan was judged."""
        life.plans = [each for each in life.plans if each is not plan]
        life.latest = msgspec.structs.replace(
            life.latest,
            change="settled",
            revision=life.latest.revision + 1,
            updated_at=to_datetime(now),
            settlement=judged,
        )
        self._tell(life, now)

    def tell(self, watermark: int, counts: BookCounts) -> Findings:
        """What was found since the last time."""
        rows = np.zeros(len(self.found), OPPORTUNITY)
        for row, (document, opened_at, now) in zip(rows, self.found, strict=True):
            row["at"], row["opened_at"] = now, opened_at
            self._write(row, document)
        made = Findings(watermark, [document for document, _, _ in self.found], rows, counts)
        self.found = []
        return made

    def _plan(self, life: Life, stall: Stall, found: Appraisal, now: int) -> None:
        due_at = now + int(self._settings.latency_ms * MILLISECOND)
        fees = [taken.leg.market.fees for taken in found.legs]
        life.plans.append(Planned(life.latest, due_at, fees, stall.basket.cycle))

    def _tell(self, life: Life, now: int) -> None:
        self.found.append((life.latest, life.opened_at, now))
        if life.key is None and not life.plans:
            del self._lives[life.latest.id]

    def _document(self, stall: Stall, found: Appraisal, best: Any, now: int, life: Life | None) -> Opportunity:
        group, basket = stall.group, stall.basket
        revision = life.latest.revision + 1 if life else 0
        plan = plan_of(found, self._settings, now, revision)
        risk = weigh(group, basket, found, plan, self._settings, now)
        roi = float(found.net / found.capital) if found.capital else 0.0
        opened_at = life.opened_at if life else now
        return Opportunity(
            id=life.latest.id if life else opportunity_id(basket.kind, group.name, basket.key, now),
            kind=basket.kind,
            code=self._kinds[basket.kind][1],
            group=group.name,
            slug=group.slug,
            title=group.title,
            change="updated" if life else "opened",
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
            settlement=life.latest.settlement if life else None,
            simulated=venue_of(group.name) == "sim",
            **_best(best),
        )

    def _write(self, row: Any, document: Opportunity) -> None:
        judged = document.settlement if document.change == "settled" else None
        net, edge = (judged.net, judged.edge) if judged else (document.net, document.edge)
        row["id"] = int(document.id[:16], 16) >> 1
        row["group"], row["kind"] = instrument_id(document.group), self._kinds[document.kind][0]
        row["size"] = judged.size if judged else document.size
        row["net"] = np.nan if net is None else net
        row["edge"] = np.nan if edge is None else edge
        row["best_edge"], row["fees"], row["capital"] = document.best_edge, document.fees, document.capital
        row["change"] = CHANGES.index(document.change)
        row["grade"], row["legs"] = GRADES.index(document.risk.grade), len(document.plan.legs)


def _best(row: Any) -> dict[str, Any]:
    """What the row of a basket says of its life."""
    return {
        # Rounded to where the hot path and decimals agree.
        "best_edge": round(float(row["best_edge"]), 12),
        "best_net": round(float(row["best_net"]), 9),
        "best_size": trimmed(contracts(int(row["best_size"]))),
    }
