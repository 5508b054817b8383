"""spot_arbitrage: books and trades of a shard's groups to opportunities, from their opening to their end.

A basket is looked at when a message of the venue has been applied whole and the best price or size of
one of its tokens moved, or anything of them while it is open. It opens when it pays, is updated when
other legs are taken or size or profit moved by more than `material`, and closes when it pays no more, a
book cannot be trusted or grows stale, or its group changes: a market that is paused, disputed or resolved
ends it before the next row is looked at. One latency after each plan was told it is settled against the
books of that instant. Baskets of one group may stand on the same orders; to take one may end others.

Bad input: rows of tokens that no group has, levels at 0 or 1 and rows without a snapshot are counted and
left; what makes a book unusable, `operators.kernels.order_book` says. Time is the newest instant at which
anything was known, its receive time where that is later; rows out of order do not turn it back.
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
from operators.desk import Desk
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
from operators.lives import Life, Lives, Planned
from operators.pitch import Stall
from operators.settle_plan import settle_plan
from operators.state import freeze, thaw

VERSION = 3
Rows = NDArray[Any]


_groups = msgspec.json.Decoder(list[Group])


class SpotArbitrage(StatefulBatchLogic[bytes, Findings, bytes]):
    """The opportunities of one shard: the state machine that `spot_arbitrage` runs."""

    def __init__(self, settings: ArbitrageSettings, kinds: Sequence[Arbitrage], resume: bytes | None = None) -> None:
        self._settings = settings
        self._kinds = [kind.name for kind in kinds]
        self._desk = Desk(kinds, settings)
        self._rules = np.array([_rule(settings)], RULE)
        self._clock = np.zeros(CLOCK, np.int64)
        self._clock[DUE] = NEVER
        self._tally = np.zeros(TALLY, np.int64)
        self._lives = Lives(settings, kinds)
        if resume is not None:
            self._restore(thaw(VERSION, resume))

    def on_batch(self, values: list[bytes]) -> tuple[list[Findings], bool]:
        """Take in blocks in log order; hand on what was found, and how far time has come."""
        before = int(self._clock[NOW])
        for block in values:
            kind, content = read_block(block)
            if kind == "quotes":
                self._scan(content)
            elif kind == "trades":
                self._scan(_prints(content))
            elif kind == "markets":
                self._desk.learn(content)
        moved = self._clock[NOW] > before or self._lives.found or self._tally.any()
        return ([self._findings()] if moved else []), False

    def on_eof(self) -> tuple[list[Findings], bool]:
        """A pause: what is open stays open."""
        return [], False

    def snapshot(self) -> bytes:
        """All of the state as bytes."""
        desk = self._desk
        return freeze(
            VERSION,
            {
                "clock": self._clock,
                "tally": self._tally,
                "groups": desk.told,
                "waiting": msgspec.json.encode(list(desk.waiting.values())),
                "lives": self._lives.snapshot(),
                "kinds": self._kinds,
                "books": desk.books,
                "sides": desk.sides,
                "levels": desk.levels[desk.kept],
                "sizes": desk.sizes[desk.kept],
                "baskets": desk.baskets,
                "legs": desk.legs,
                "touched": desk.scratch[2],
            },
        )

    def _restore(self, values: dict[str, Any]) -> None:
        if values["kinds"] != self._kinds:
            raise RecoveryError(
                f"a snapshot was written with the arbitrages {values['kinds']}, there are {self._kinds} now; "
                f"run the old code to its end, or start from an empty recovery directory and replay the log"
            )
        self._desk.learn(_groups.decode(zlib.decompress(values["groups"])))
        self._desk.lay()
        self._clock, self._tally = values["clock"], values["tally"]
        for name in ("books", "sides", "baskets", "legs"):
            getattr(self._desk, name)[...] = values[name]
        kept = self._desk.kept
        self._desk.levels[kept], self._desk.sizes[kept] = values["levels"], values["sizes"]
        self._desk.scratch[2][...] = values["touched"]
        self._lives.restore(values["lives"])
        self._desk.learn(_groups.decode(values["waiting"]))

    def _scan(self, rows: Rows) -> None:
        desk = self._desk
        if desk.waiting and rows.size:
            self._lay()
        start, why = 0, -1
        while why != DONE:
            start, why = scan(
                rows,
                start,
                self._clock,
                desk.house,
                desk.table,
                desk.index,
                (desk.baskets, desk.legs, desk.terms),
                desk.scratch,
                self._rules,
                self._tally,
            )
            if why == ALARM:
                self._alarm()
            elif why != DONE:
                self._change(int(self._clock[BASKET]), why)

    def _lay(self) -> None:
        """Lay out new groups and new versions of old ones; they are looked at after the message that is under way."""
        desk, clock = self._desk, self._clock
        touched = [int(desk.books["instrument"][slot]) for slot in desk.scratch[2][: clock[TOUCHED]]]
        members = [member for group in desk.waiting.values() for member in group.members]
        for stall, row in desk.lay():
            self._lives.closed(stall.key, self._why_gone(stall), row, int(clock[NOW]))
        self._set_alarm()
        desk.books["touched"] = 0
        fresh = [token.instrument for member in members for token in member.tokens]
        slots = [desk.slot(instrument) for instrument in dict.fromkeys([*touched, *fresh])]
        known = [slot for slot in slots if slot is not None]
        desk.scratch[2][: len(known)] = known
        desk.books["touched"][known], desk.books["moved"][known] = 1, 1
        clock[TOUCHED] = len(known)
        if not clock[PENDING]:
            clock[PENDING], clock[MESSAGE_TS] = 1, NEVER

    def _why_gone(self, stall: Stall) -> str:
        group = self._desk.groups.get(stall.group.name)
        if group is None:
            return "market resolved"
        mine = {leg.market.name for leg in stall.basket.legs}
        ended = [member.status for member in group.members if member.name in mine and member.status != "open"]
        return f"market {ended[0]}" if ended else "group changed"

    def _change(self, at: int, why: int) -> None:
        """Tell that a basket opened, was updated or closed."""
        desk, now = self._desk, int(self._clock[NOW])
        stall, row = desk.stalls[at], desk.baskets[at]
        if why == CLOSED:
            self._lives.closed(stall.key, self._why_closed(at), row, now)
        else:
            chosen = [(leg, desk.book(slot)) for leg, slot in desk.chosen(at)]
            reckon = appraise_cycle if stall.basket.cycle else appraise
            found = reckon(stall.basket, chosen, int(row["told_size"]), self._settings, desk.gas(stall.basket))
            tell = self._lives.opened if why == OPENED else self._lives.updated
            tell(stall, found, row, now)
        self._set_alarm()

    def _why_closed(self, at: int) -> str:
        """Why a basket pays no more: a book that cannot be used, or the prices."""
        desk, now = self._desk, int(self._clock[NOW])
        mine = desk.baskets[at]
        for row in desk.legs[mine["first"] : mine["first"] + mine["legs"]]:
            book = desk.books[row["token"]]
            if book["state"] != GOOD:
                return f"book void: {WHYS[book['why']]}"
            if book["crossed"]:
                return "book crossed"
            if now - book["seen_at"] > self._rules["stale"][0]:
                return "book stale"
        return "edge gone"

    def _alarm(self) -> None:
        """Settle what is due, and look again at baskets whose books may have become unusable by time alone."""
        clock = self._clock
        now = int(clock[DUE])
        clock[NOW] = max(clock[NOW], now)
        for life, plan in self._lives.planned:
            if plan.due_at <= now:
                self._settle(life, plan, now)
        waiting = [self._desk.places[key] for key in self._lives.open_keys]
        queued = [at for at in waiting if self._usable_until(at) <= now]
        self._desk.scratch[0][: len(queued)] = queued
        clock[QUEUED] = len(queued)
        self._set_alarm(after=now)

    def _settle(self, life: Life, plan: Planned, now: int) -> None:
        books = {}
        for leg in plan.document.plan.legs:
            slot = self._desk.slot(instrument_id(leg.token))
            if slot is not None and self._desk.books["state"][slot] == GOOD and not self._desk.books["crossed"][slot]:
                books[leg.token] = self._desk.book(slot)
        settle = settle_cycle if plan.cycle else settle_plan
        judged = settle(plan.document, plan.fees, books, self._settings.depth_share, now)
        self._lives.settled(life, plan, judged, now)

    def _usable_until(self, at: int) -> int:
        """The instant from which the books of a basket must be looked at again, whatever comes."""
        desk = self._desk
        until = NEVER
        for _, slot in desk.chosen(at):
            until = min(until, int(desk.books["seen_at"][slot] + self._rules["stale"][0]) + 1)
            until = min(until, *(int(each) for each in desk.sides["deadline"][slot] if each), until)
        return int(until)

    def _set_alarm(self, after: int | None = None) -> None:
        """Next time that something is due; what was looked at by `after` need not be looked at again."""
        later = int(self._clock[NOW]) if after is None else after
        ends = (self._usable_until(self._desk.places[key]) for key in self._lives.open_keys)
        dues = [plan.due_at for _, plan in self._lives.planned]
        self._clock[DUE] = min([*dues, *(end for end in ends if end > later)], default=NEVER)

    def _findings(self) -> Findings:
        counts = BookCounts(**dict(zip(BookCounts.__struct_fields__, map(int, self._tally), strict=True)))
        self._tally[:] = 0
        return self._lives.tell(int(self._clock[NOW]), counts)


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
    """Trades, heartbeats and gap marks as rows among quotes; all that is no trade only moves time on."""
    rows = np.zeros(trades.size, QUOTE)
    good = (trades["kind"] == KIND_TRADE) & (trades["price"] > 0.0) & (trades["size"] > 0.0)
    rows["ts"] = rows["received_at"] = trades["ts"]
    rows["instrument"], rows["side"], rows["seq"] = trades["instrument"], trades["side"], NO_SEQ
    rows["price"] = np.rint(np.where(good, trades["price"], 0.0) * PRICE_UNITS)
    rows["size"] = np.rint(np.where(good, trades["size"], 0.0) * SIZE_UNITS)
    rows["kind"] = np.where(good, PRINT, BEAT)
    rows.flags.writeable = False  # as rows of a block are; the kernel is compiled for one of the two
    return rows


@operator
def spot_arbitrage(
    step_id: str, up: KeyedStream[bytes], settings: ArbitrageSettings, kinds: Sequence[Arbitrage]
) -> KeyedStream[Findings]:
    """Blocks keyed by shard to what was found in them."""
    return stateful_batch("baskets", up, lambda resume: SpotArbitrage(settings, kinds, resume))
