"""roll: aggregate trades, or closed bars of the finest frame, into the closed bars of every frame.

Rules: bars are right-open and aligned to the epoch. Only the finest frame is built from trades; the others are
folded from its closed bars. A bar without trades is flat and `synthetic`. A bar in which trades are known to be
missing, and the first, partial bar of an instrument, is `incomplete`. A trade that arrives after its bar has
closed is counted as late and changes nothing. Trades with ids are deduplicated; one that is more than 256 ids
behind the newest of its instrument counts as a duplicate. The end of the input closes no bar, since the input
may only be paused.

Bad input: a trade whose price, size or their product is not a positive finite number, and a bar with inconsistent
prices, is counted as rejected and does not advance the clock. Time stamps are trusted here: those ahead of their
receive time, or from 1970, are rejected where they enter the log (`flows/sources`). An instrument without trades
has flat bars for `quiet_ns`; then its state is dropped except for its name, its slot is reused, and it starts
afresh if it returns.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from bytewax.dataflow import operator
from bytewax.operators import KeyedStream, StatefulBatchLogic, stateful_batch
from numpy.typing import NDArray

from domain import clock as time
from domain.blocks import NO_ID, read_block
from domain.frames import Frame, check_multiples
from domain.rows import concatenated, copied
from domain.slices import BAR, GAP, Counts, Reject, Slice
from operators.kernels.aggregation import DONE, SLOT_REUSED, SLOTS_FULL, aggregate_bars, aggregate_trades
from operators.kernels.cell import CELL
from operators.kernels.slots import (
    CLOSED_UNTIL,
    FREE_SLOTS,
    LIFE,
    NEWEST,
    NEXT_CLOSE,
    REUSABLE,
    SEEN_WORDS,
    SLOTS,
    UNSET,
    index_slots,
)
from operators.state import freeze, thaw

VERSION = 2


@dataclass(frozen=True)
class RollSettings:
    """Settings of the bar aggregation.

    Attributes
    ----------
    frames
        Finest first; each a multiple of the finest.
    lateness_ns
        Allowed lateness of a trade behind the newest event time; at most the finest frame. A larger value
        closes bars later. 0 for bars as input.
    quiet_ns
        Time without trades after which an instrument is expired: it has no more flat bars, and its state
        is reused.
    partial_first
        Whether the first bar of an instrument is marked incomplete, as it must be when built from trades.
    """

    frames: tuple[Frame, ...]
    lateness_ns: int = time.SECOND
    quiet_ns: int = 3 * time.DAY
    partial_first: bool = True

    def __post_init__(self) -> None:
        check_multiples(self.frames)
        if not 0 <= self.lateness_ns <= self.frames[0].length_ns:
            raise ValueError(
                f"lateness_ns={self.lateness_ns} must lie between 0 and the finest frame, {self.frames[0].length_ns}"
            )


class Roll(StatefulBatchLogic[bytes, Slice, bytes]):
    """State machine of the `roll` step: the bars of one shard."""

    def __init__(self, settings: RollSettings, resume: bytes | None = None) -> None:
        lengths = np.array([frame.length_ns for frame in settings.frames], np.int64)
        self._rule = (lengths, settings.lateness_ns, settings.quiet_ns, settings.partial_first)
        self._names: dict[int, str] = {}
        self._clock = np.zeros(6, np.int64)
        self._clock[[NEWEST, CLOSED_UNTIL, NEXT_CLOSE]] = UNSET
        self._tally = np.zeros(4, np.int64)
        self._late_quote = np.zeros(1)
        self._allot(64)
        if resume is not None:
            self._restore(thaw(VERSION, resume))
        self._rows = np.empty(0, BAR)
        self._gaps = np.empty(0, GAP)
        self._make_room()

    def on_batch(self, values: list[bytes]) -> tuple[list[Slice], bool]:
        """Process blocks in log order; emit the bars that closed."""
        slices: list[Slice] = []
        rejects: list[Reject] = []
        self._before = int(self._clock[CLOSED_UNTIL])
        self._closed: tuple[list[NDArray[Any]], list[NDArray[Any]]] = ([], [])
        for block in values:
            kind, content = read_block(block)
            if kind == "names":
                self._names.update(content)
            elif kind == "rejects":
                rejects += content
            elif kind in ("trades", "bars"):  # other kinds are for other operators
                self._process(kind, content, slices)
        # Emit only when something closed, so that quiet batches cost the steps downstream nothing.
        if rejects or self._clock[CLOSED_UNTIL] > self._before:
            slices.append(self._slice(rejects))
        return slices, False

    def on_eof(self) -> tuple[list[Slice], bool]:
        """Emit the counts, so that their sums are complete; close no bar, since the input may only be paused."""
        self._closed = ([], [])
        return ([self._slice([])] if self._tally.any() else []), False

    def snapshot(self) -> bytes:
        """Serialise the state, including free slots but not spare capacity or empty cells.

        It is written at every epoch, so it must be small: one of the two cells of an instrument is empty most of
        the time, and the finest frame has nothing to fold.
        """
        slots = int(self._clock[SLOTS])
        cells = self._cells[:slots].reshape(-1)
        used = np.flatnonzero((cells["count"] != 0) | (cells["flags"] != 0))
        return freeze(
            VERSION,
            {
                "clock": self._clock,
                "tally": self._tally,
                "late_quote": self._late_quote,
                "names": dict(self._names),
                "life": self._life[:slots],
                "seen": self._seen[:slots],
                "used": used,
                "cells": cells.take(used),
                "folds": self._folds[:slots, 1:],
                "free": self._free[: self._clock[FREE_SLOTS]],
            },
        )

    def _process(self, kind: str, rows: NDArray[Any], slices: list[Slice]) -> None:
        clock = self._clock
        clock[REUSABLE] = clock[FREE_SLOTS]
        start, why = 0, -1
        while why != DONE:
            table, out = (self._table_keys, self._table_slots), (self._rows, self._gaps)
            state = (self._life, self._cells, self._folds, self._free)
            if kind == "trades":
                start, row, gap, why = aggregate_trades(
                    rows, start, clock, self._rule, state, self._seen, table, out, self._tally, self._late_quote
                )
            else:
                start, row, gap, why = aggregate_bars(rows, start, clock, self._rule, state, table, out, self._tally)
            self._closed[0].append(copied(self._rows[:row]))
            self._closed[1].append(copied(self._gaps[:gap]))
            if why == SLOTS_FULL:
                self._grow()
            elif why == SLOT_REUSED:
                # Rows refer to slots, so a slot is reassigned only between two slices.
                slices.append(self._slice([]))
                clock[REUSABLE] = clock[FREE_SLOTS]

    def _slice(self, rejects: list[Reject]) -> Slice:
        life = self._life[: self._clock[SLOTS]]
        names = tuple(self._names.get(int(instrument), f"unnamed:{instrument}") for instrument in life["instrument"])
        accepted, duplicates, late, refused = map(int, self._tally)
        made = Slice(
            watermark=int(self._clock[CLOSED_UNTIL]),
            names=names,
            counts=Counts(
                accepted=accepted,
                duplicates=duplicates,
                late=late,
                late_quote_volume=float(self._late_quote[0]),
                rejects=refused + len(rejects),
            ),
            bars=concatenated(self._closed[0] or [np.empty(0, BAR)]),
            gaps=concatenated(self._closed[1] or [np.empty(0, GAP)]),
            rejects=rejects,
        )
        self._tally[:] = 0
        self._late_quote[:] = 0
        self._closed = ([], [])
        self._before = made.watermark
        return made

    def _allot(self, capacity: int) -> None:
        self._life = np.zeros(capacity, LIFE)
        self._seen = np.zeros((capacity, SEEN_WORDS), np.uint64)
        self._cells = np.zeros((capacity, 2), CELL)
        self._folds = np.zeros((capacity, self._rule[0].size), CELL)
        self._free = np.zeros(capacity, np.int64)
        self._table_keys = np.zeros(4 * capacity, np.int64)
        self._table_slots = np.full(4 * capacity, -1, np.int64)

    def _grow(self) -> None:
        self._fill(2 * self._life.size, self._life, self._seen, self._cells, self._folds, self._free)
        self._make_room()

    def _restore(self, values: dict[str, Any]) -> None:
        self._clock, self._tally, self._late_quote = values["clock"], values["tally"], values["late_quote"]
        self._names = values["names"]
        slots = len(values["life"])
        cells, folds = np.zeros(2 * slots, CELL), np.zeros((slots, self._rule[0].size), CELL)
        cells["first_id"] = cells["last_id"] = NO_ID
        cells[values["used"]], folds[:, 1:] = values["cells"], values["folds"]
        capacity = max(64, 1 << slots.bit_length())
        self._fill(capacity, values["life"], values["seen"], cells.reshape(slots, 2), folds, values["free"])

    def _fill(self, capacity: int, *columns: NDArray[Any]) -> None:
        """Allocate arrays of `capacity` slots and copy `columns` to their beginning."""
        self._allot(capacity)
        fresh = (self._life, self._seen, self._cells, self._folds, self._free)
        for target, column in zip(fresh, columns, strict=True):
            target[: len(column)] = column
        index_slots(self._table_keys, self._table_slots, self._life, self._clock[SLOTS])

    def _make_room(self) -> None:
        """Allocate output for a few closes of every slot; a longer jump in time takes several passes."""
        slots, frames = self._life.size, self._rule[0].size
        if self._rows.size < 4 * slots * frames:
            self._rows = np.empty(max(8192, 4 * slots * frames), BAR)
        if self._gaps.size < 4 * slots:
            self._gaps = np.empty(max(1024, 4 * slots), GAP)


@operator
def roll(step_id: str, up: KeyedStream[bytes], settings: RollSettings) -> KeyedStream[Slice]:
    """Turn trades or closed bars, as blocks keyed by shard, into Slices with the closed bars of every frame."""
    return stateful_batch("bars", up, lambda resume: Roll(settings, resume))
