"""spot_arbitrage: detect arbitrage opportunities in the order books of a shard, and track them to settlement.

A basket is evaluated when a venue message has been applied completely and the best price or size of one of its
tokens changed, or any level of them while the basket is open. It opens when it is profitable, is updated when
different legs are selected or size or profit changed by more than `material`, and closes when it is no longer
profitable, a book becomes unusable or stale, or its group changes: a market that is paused, disputed or resolved
closes it before the next row is scanned. Each plan is settled against the books one latency after it was
published. Baskets of one group may rely on the same orders, so that executing one may close others.

Bad input: rows of unknown tokens, levels at 0 or 1 and rows before the first snapshot are counted and skipped;
`operators.kernels.order_book` defines when a book is unusable. The clock is the newest of all event and receive
times; rows out of order do not turn it back.
"""

import zlib
from collections.abc import Sequence
from typing import Any

import msgspec
import numpy as np
from bytewax.dataflow import operator
from bytewax.operators import KeyedStream, StatefulBatchLogic, stateful_batch
from numpy.typing import NDArray

from domain.arbitrage import ArbitrageSettings
from domain.blocks import KIND_TRADE, read_block
from domain.clock import SECOND
from domain.errors import RecoveryError
from domain.findings import BookCounts, Findings
from domain.instruments import instrument_id
from domain.markets import Group
from domain.quotes import NO_SEQ, PRICE_UNITS, QUOTE, SIZE_UNITS
from operators.appraise import appraise
from operators.arbitrages import Arbitrage
from operators.cycle import appraise_cycle, settle_cycle
from operators.group_tables import GroupBasket
from operators.kernels.basket import RULE
from operators.kernels.order_book import BEAT, GOOD, PRINT, TALLY, WHYS
from operators.kernels.scanning import (
    ALARM,
    BASKET,
    CLOCK,
    CLOSED,
    DONE,
    DUE,
    MESSAGE_TS,
    NEVER,
    NOW,
    OPENED,
    PENDING,
    QUEUED,
    TOUCHED,
    scan,
)
from operators.opportunity_tracker import OpportunityTracker, PendingPlan, TrackedOpportunity
from operators.scan_tables import ScanTables
from operators.settle_plan import settle_plan
from operators.state import freeze, thaw

VERSION = 3
Rows = NDArray[Any]


_groups = msgspec.json.Decoder(list[Group])


class SpotArbitrage(StatefulBatchLogic[bytes, Findings, bytes]):
    """State machine of the `spot_arbitrage` step: the opportunities of one shard."""

    def __init__(self, settings: ArbitrageSettings, kinds: Sequence[Arbitrage], resume: bytes | None = None) -> None:
        self._settings = settings
        self._kinds = [kind.name for kind in kinds]
        self._tables = ScanTables(kinds, settings)
        self._rules = np.array([_rule(settings)], RULE)
        self._clock = np.zeros(CLOCK, np.int64)
        self._clock[DUE] = NEVER
        self._tally = np.zeros(TALLY, np.int64)
        self._tracker = OpportunityTracker(settings, kinds)
        if resume is not None:
            self._restore(thaw(VERSION, resume))

    def on_batch(self, values: list[bytes]) -> tuple[list[Findings], bool]:
        """Process blocks in log order; emit the changes of opportunities with the watermark."""
        before = int(self._clock[NOW])
        for block in values:
            kind, content = read_block(block)
            if kind == "quotes":
                self._scan(content)
            elif kind == "trades":
                self._scan(_prints(content))
            elif kind == "markets":
                self._tables.update(content)
        moved = self._clock[NOW] > before or self._tracker.changes or self._tally.any()
        return ([self._findings()] if moved else []), False

    def on_eof(self) -> tuple[list[Findings], bool]:
        """Emit nothing: the end of the input may only be a pause, so what is open stays open."""
        return [], False

    def snapshot(self) -> bytes:
        """Serialise the state."""
        tables = self._tables
        return freeze(
            VERSION,
            {
                "clock": self._clock,
                "tally": self._tally,
                "groups": tables.packed_groups,
                "waiting": msgspec.json.encode(list(tables.pending.values())),
                "lives": self._tracker.snapshot(),
                "kinds": self._kinds,
                "books": tables.books,
                "sides": tables.sides,
                "levels": tables.levels[tables.occupied],
                "sizes": tables.sizes[tables.occupied],
                "baskets": tables.baskets,
                "legs": tables.legs,
                "touched": tables.scratch[2],
            },
        )

    def _restore(self, values: dict[str, Any]) -> None:
        if values["kinds"] != self._kinds:
            raise RecoveryError(
                f"a snapshot was written with the arbitrages {values['kinds']}, there are {self._kinds} now; "
                f"run the old code to its end, or start from an empty recovery directory and replay the log"
            )
        tables = self._tables
        tables.update(_groups.decode(zlib.decompress(values["groups"])))
        tables.rebuild()
        self._clock, self._tally = values["clock"], values["tally"]
        for name in ("books", "sides", "baskets", "legs"):
            getattr(tables, name)[...] = values[name]
        occupied = tables.occupied
        tables.levels[occupied], tables.sizes[occupied] = values["levels"], values["sizes"]
        tables.scratch[2][...] = values["touched"]
        self._tracker.restore(values["lives"])
        tables.update(_groups.decode(values["waiting"]))

    def _scan(self, rows: Rows) -> None:
        tables = self._tables
        if tables.pending and rows.size:
            self._rebuild()
        start, why = 0, -1
        while why != DONE:
            start, why = scan(
                rows,
                start,
                self._clock,
                tables.book_arrays,
                tables.table,
                tables.index,
                (tables.baskets, tables.legs, tables.terms),
                tables.scratch,
                self._rules,
                self._tally,
            )
            if why == ALARM:
                self._alarm()
            elif why != DONE:
                self._change(int(self._clock[BASKET]), why)

    def _rebuild(self) -> None:
        """Apply group updates; their baskets are evaluated at the end of the message in progress."""
        tables, clock = self._tables, self._clock
        touched = [int(tables.books["instrument"][slot]) for slot in tables.scratch[2][: clock[TOUCHED]]]
        members = [member for group in tables.pending.values() for member in group.members]
        for gone, row in tables.rebuild():
            self._tracker.close(gone.key, self._removal_reason(gone), row, int(clock[NOW]))
        self._set_alarm()
        tables.books["touched"] = 0
        fresh = [token.instrument for member in members for token in member.tokens]
        slots = [tables.slot(instrument) for instrument in dict.fromkeys([*touched, *fresh])]
        known = [slot for slot in slots if slot is not None]
        tables.scratch[2][: len(known)] = known
        tables.books["touched"][known], tables.books["moved"][known] = 1, 1
        clock[TOUCHED] = len(known)
        if not clock[PENDING]:
            clock[PENDING], clock[MESSAGE_TS] = 1, NEVER

    def _removal_reason(self, gone: GroupBasket) -> str:
        group = self._tables.groups.get(gone.group.name)
        if group is None:
            return "market resolved"
        mine = {leg.market.name for leg in gone.basket.legs}
        ended = [member.status for member in group.members if member.name in mine and member.status != "open"]
        return f"market {ended[0]}" if ended else "group changed"

    def _change(self, at: int, why: int) -> None:
        """Record that a basket opened, was updated or closed."""
        tables, now = self._tables, int(self._clock[NOW])
        changed, row = tables.scanned[at], tables.baskets[at]
        if why == CLOSED:
            self._tracker.close(changed.key, self._close_reason(at), row, now)
        else:
            basket = changed.basket
            chosen = [(leg, tables.book(slot)) for leg, slot in tables.chosen(at)]
            value = appraise_cycle if basket.cycle else appraise
            appraisal = value(basket, chosen, int(row["told_size"]), self._settings, tables.gas(basket))
            record = self._tracker.open if why == OPENED else self._tracker.update
            record(changed, appraisal, row, now)
        self._set_alarm()

    def _close_reason(self, at: int) -> str:
        """Why a basket is no longer profitable: an unusable book, or the prices."""
        tables, now = self._tables, int(self._clock[NOW])
        mine = tables.baskets[at]
        for row in tables.legs[mine["first"] : mine["first"] + mine["legs"]]:
            book = tables.books[row["token"]]
            if book["state"] != GOOD:
                return f"book void: {WHYS[book['why']]}"
            if book["crossed"]:
                return "book crossed"
            if now - book["seen_at"] > self._rules["stale"][0]:
                return "book stale"
        return "edge gone"

    def _alarm(self) -> None:
        """Settle the plans that are due, and re-evaluate baskets whose books may have become unusable with age."""
        clock = self._clock
        now = int(clock[DUE])
        clock[NOW] = max(clock[NOW], now)
        for tracked, plan in self._tracker.pending_plans:
            if plan.due_at <= now:
                self._settle(tracked, plan, now)
        open_rows = [self._tables.row_of[key] for key in self._tracker.open_keys]
        queued = [at for at in open_rows if self._usable_until(at) <= now]
        self._tables.scratch[0][: len(queued)] = queued
        clock[QUEUED] = len(queued)
        self._set_alarm(after=now)

    def _settle(self, tracked: TrackedOpportunity, plan: PendingPlan, now: int) -> None:
        tables, books = self._tables, {}
        for leg in plan.document.plan.legs:
            slot = tables.slot(instrument_id(leg.token))
            if slot is not None and tables.books["state"][slot] == GOOD and not tables.books["crossed"][slot]:
                books[leg.token] = tables.book(slot)
        settle = settle_cycle if plan.cycle else settle_plan
        settlement = settle(plan.document, plan.fees, books, self._settings.depth_share, now)
        self._tracker.settle(tracked, plan, settlement, now)

    def _usable_until(self, at: int) -> int:
        """Time at which the books of a basket must be checked again even without a new message."""
        tables = self._tables
        until = NEVER
        for _, slot in tables.chosen(at):
            until = min(until, int(tables.books["seen_at"][slot] + self._rules["stale"][0]) + 1)
            until = min(until, *(int(each) for each in tables.sides["deadline"][slot] if each), until)
        return int(until)

    def _set_alarm(self, after: int | None = None) -> None:
        """Set the next due time; checks up to `after` have already been made."""
        later = int(self._clock[NOW]) if after is None else after
        ends = (self._usable_until(self._tables.row_of[key]) for key in self._tracker.open_keys)
        dues = [plan.due_at for _, plan in self._tracker.pending_plans]
        self._clock[DUE] = min([*dues, *(end for end in ends if end > later)], default=NEVER)

    def _findings(self) -> Findings:
        counts = BookCounts(**dict(zip(BookCounts.__struct_fields__, map(int, self._tally), strict=True)))
        self._tally[:] = 0
        return self._tracker.drain(int(self._clock[NOW]), counts)


def _rule(settings: ArbitrageSettings) -> tuple[float | int, ...]:
    return (
        settings.edge_min,
        settings.profit_min,
        settings.depth_share,
        settings.capital_max,
        settings.material,
        int(settings.stale_s * SECOND),
        int(settings.ghost_s * SECOND),
    )


def _prints(trades: Rows) -> Rows:
    """Convert trades, heartbeats and gap markers to quote rows; everything but a trade only advances the clock."""
    rows = np.zeros(trades.size, QUOTE)
    good = (trades["kind"] == KIND_TRADE) & (trades["price"] > 0.0) & (trades["size"] > 0.0)
    rows["ts"] = rows["received_at"] = trades["ts"]
    rows["instrument"], rows["side"], rows["seq"] = trades["instrument"], trades["side"], NO_SEQ
    rows["price"] = np.rint(np.where(good, trades["price"], 0.0) * PRICE_UNITS)
    rows["size"] = np.rint(np.where(good, trades["size"], 0.0) * SIZE_UNITS)
    rows["kind"] = np.where(good, PRINT, BEAT)
    rows.flags.writeable = False  # like the rows of a block; the kernel is compiled for read-only rows
    return rows


@operator
def spot_arbitrage(
    step_id: str, up: KeyedStream[bytes], settings: ArbitrageSettings, kinds: Sequence[Arbitrage]
) -> KeyedStream[Findings]:
    """Turn blocks keyed by shard into the changes of arbitrage opportunities."""
    return stateful_batch("baskets", up, lambda resume: SpotArbitrage(settings, kinds, resume))
