"""roll: trades, or closed bars, to the closed bars of every frame.

The rules: bars are right-open and aligned to the epoch. Only the finest frame is built from trades;
the others fold its closed bars. A quiet bar is flat and `synthetic`. A bar in which trades are known
to be missing, and the first, partial one of an instrument, is `incomplete`. A trade that comes after
its bar has closed is counted as late and changes nothing. Trades with ids are taken once; one that is
more than 256 ids behind the newest of its instrument counts as taken. The end of the input closes
nothing, since it is a pause and not the end of time.

Bad input: a trade whose price, size or their product is no positive finite number, and a bar that
contradicts itself, is counted as rejected and does not even move time. Time is believed: stamps ahead
of their receive time, or from 1970, are refused where they enter the log (`flows/sources`). An
instrument that falls silent has flat bars for `quiet_ns` and is then forgotten but for its name; its
slot goes to the next one, and should it come back, it begins anew.
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
from operators.kernels.taking import DONE, SLOT_REUSED, SLOTS_FULL, take_bars, take_trades
from operators.state import freeze, thaw

VERSION = 2


@dataclass(frozen=True)
class RollSettings:
    """What decides how bars are made.

    Attributes
    ----------
    frames
        Finest first; each a multiple of the finest.
    lateness_ns
        How far behind the newest event time a trade may come; at most the finest frame. More waits
        longer before a bar closes. 0 for bars as input.
    quiet_ns
        An instrument without trades for longer is forgotten: it makes no more flat bars and its
        state is used again.
    partial_first
        Whether an instrument's first bar is marked incomplete, as it must be when built from trades.
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
    """The bars of one shard: the state machine that `roll` runs."""

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
        """Take in blocks in log order; hand on what closed."""
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
            elif kind in ("trades", "bars"):  # the rest is for other operators
                self._take(kind, content, slices)
        # Slices go out when something closed, so that quiet batches cost the steps below nothing.
        if rejects or self._clock[CLOSED_UNTIL] > self._before:
            slices.append(self._slice(rejects))
        return slices, False

    def on_eof(self) -> tuple[list[Slice], bool]:
        """A pause: hand on the counts so that sums are whole; close nothing."""
        self._closed = ([], [])
        return ([self._slice([])] if self._tally.any() else []), False

    def snapshot(self) -> bytes:
        """All of the state as bytes; free slots included, growth room and empty cells not.

        Every epoch writes it, so it is to be small: of an instrument's two cells one is empty for most of
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

    def _take(self, kind: str, rows: NDArray[Any], slices: list[Slice]) -> None:
        clock = self._clock
        clock[REUSABLE] = clock[FREE_SLOTS]
        start, why = 0, -1
        while why != DONE:
            table, out = (self._table_keys, self._table_slots), (self._rows, self._gaps)
            house = (self._life, self._cells, self._folds, self._free)
            if kind == "trades":
                start, row, gap, why = take_trades(
                    rows, start, clock, self._rule, house, self._seen, table, out, self._tally, self._late_quote
                )
            else:
                start, row, gap, why = take_bars(rows, start, clock, self._rule, house, table, out, self._tally)
            self._closed[0].append(copied(self._rows[:row]))
            self._closed[1].append(copied(self._gaps[:gap]))
            if why == SLOTS_FULL:
                self._grow()
            elif why == SLOT_REUSED:
                # Rows are named by slot, so a slot changes hands only between two slices.
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
        """Arrays of `capacity` slots that begin with what `columns` hold."""
        self._allot(capacity)
        fresh = (self._life, self._seen, self._cells, self._folds, self._free)
        for target, column in zip(fresh, columns, strict=True):
            target[: len(column)] = column
        index_slots(self._table_keys, self._table_slots, self._life, self._clock[SLOTS])

    def _make_room(self) -> None:
        """Output for a few instants of every slot; a longer jump in time takes several passes."""
        slots, frames = self._life.size, self._rule[0].size
        if self._rows.size < 4 * slots * frames:
            self._rows = np.empty(max(8192, 4 * slots * frames), BAR)
        if self._gaps.size < 4 * slots:
            self._gaps = np.empty(max(1024, 4 * slots), GAP)


@operator
def roll(step_id: str, up: KeyedStream[bytes], settings: RollSettings) -> KeyedStream[Slice]:
    """Trades or closed bars, as blocks keyed by shard, to Slices with the closed bars of every frame."""
    return stateful_batch("bars", up, lambda resume: Roll(settings, resume))
