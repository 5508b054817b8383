"""relate: correlation and beta of each instrument against the reference of its venue, in every frame.

Both are computed from log returns of closed bars, exponentially weighted over about 60 bars. The two returns are
of the same bar, so there is no look-ahead; bars that either instrument lacks are skipped. The state of an
instrument that `roll` has expired is dropped here too, and starts afresh if the instrument returns.
"""

from dataclasses import replace
from typing import Any

import numpy as np
from bytewax.dataflow import operator
from bytewax.operators import KeyedStream, StatefulBatchLogic, stateful_batch

from domain.aligned import RELATION, Aligned
from domain.frames import Frame
from domain.instruments import instrument_id, venue_of
from operators.kernels.places import find_places, index_instruments
from operators.kernels.relation import PAIR, relate_bars
from operators.state import freeze, thaw

VERSION = 1
ALPHA = 2.0 / 61.0
WARMUP = 30
"""Pairs of returns before a correlation is published; with fewer, large values arise by chance."""
GONE = 64
"""Number by which expired instruments must outnumber active ones before their memory is freed."""


class Relate(StatefulBatchLogic[Aligned, Aligned, bytes]):
    """State machine of the `relate` step: the relations of all instruments."""

    def __init__(self, frames: tuple[Frame, ...], reference_symbol: str, resume: bytes | None = None) -> None:
        self._lengths = np.array([frame.length_ns for frame in frames], np.int64)
        self._symbol = reference_symbol
        self._index: dict[int, int] = {}
        self._reference: list[int] = []  # instrument of the reference, by index
        self._states = np.zeros(0, PAIR)
        if resume is not None:
            values = thaw(VERSION, resume)
            self._index, self._reference, self._states = values["index"], values["reference"], values["states"]
        self._build_index()

    def on_batch(self, values: list[Aligned]) -> tuple[list[Aligned], bool]:
        """Add the relations of the bars."""
        return [replace(each, relations=self._relate(each)) for each in values], False

    def on_eof(self) -> tuple[list[Aligned], bool]:
        """Emit nothing: the end of the input may only be a pause."""
        return [], False

    def snapshot(self) -> bytes:
        """Serialise the state."""
        return freeze(VERSION, {"index": dict(self._index), "reference": list(self._reference), "states": self._states})

    def _relate(self, given: Aligned) -> Any:
        bars, frames = given.bars, self._lengths.size
        instruments = np.ascontiguousarray(bars["instrument"])
        places = find_places(self._table, instruments)
        if (unknown := instruments[places < 0]).size:
            self._add(np.unique(unknown).tolist(), given.names)
            places = find_places(self._table, instruments)
        out = np.empty(bars.size, RELATION)
        count = relate_bars(bars, places, self._partners, frames, self._states, out, ALPHA, WARMUP, self._lengths)
        if bars.size:
            self._forget(bars["close_time"][-1])
        return out[:count]

    def _add(self, instruments: list[int], names: dict[int, str]) -> None:
        for instrument in instruments:
            self._index[instrument] = len(self._index)
            self._reference.append(instrument_id(f"{venue_of(names[instrument])}:{self._symbol}"))
        self._states = np.concatenate([self._states, np.zeros(len(instruments) * self._lengths.size, PAIR)])
        self._build_index()

    def _forget(self, newest: int) -> None:
        """Drop the instruments that `roll` has expired: every active one has a finest bar at each close.

        When this happens is not observable: an instrument that returns carries FIRST, and an absent reference
        is skipped.
        """
        states = self._states.reshape(-1, self._lengths.size)
        active = np.flatnonzero(states[:, 0]["closed_at"] == newest)
        if len(self._index) - active.size <= active.size + GONE:
            return
        instruments = list(self._index)
        self._index = {instruments[place]: at for at, place in enumerate(active.tolist())}
        self._reference = [self._reference[place] for place in active]
        self._states = states[active].reshape(-1)
        self._build_index()

    def _build_index(self) -> None:
        self._table = index_instruments(np.array(list(self._index), np.int64))
        self._partners = np.array([self._index.get(each, -1) for each in self._reference], np.int64)


@operator
def relate(
    step_id: str, up: KeyedStream[Aligned], frames: tuple[Frame, ...], reference_symbol: str
) -> KeyedStream[Aligned]:
    """Add the correlation and beta of each bar's instrument with its venue's `reference_symbol` to the aligned rows."""
    return stateful_batch("pairs", up, lambda resume: Relate(frames, reference_symbol, resume))
