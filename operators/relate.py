"""relate: how each instrument moves with the reference of its venue, in every frame.

Correlation and beta of log returns on closed bars, exponentially weighted over about 60 bars. Both
returns are of the same bar, so nothing is seen before it has closed, and a bar that either of the two
lacks is left out. An instrument that roll has forgotten is forgotten here too, and begins anew should it
come back.
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
"""Pairs of returns before a correlation is told; of fewer, chance alone gives large ones."""
GONE = 64
"""So many more instruments are gone than are there before their memory is given back."""


class Relate(StatefulBatchLogic[Aligned, Aligned, bytes]):
    """The relations of all instruments: the state machine that `relate` runs."""

    def __init__(self, frames: tuple[Frame, ...], reference_symbol: str, resume: bytes | None = None) -> None:
        self._lengths = np.array([frame.length_ns for frame in frames], np.int64)
        self._symbol = reference_symbol
        self._index: dict[int, int] = {}
        self._reference: list[int] = []  # instrument of the reference, by index
        self._states = np.zeros(0, PAIR)
        if resume is not None:
            values = thaw(VERSION, resume)
            self._index, self._reference, self._states = values["index"], values["reference"], values["states"]
        self._look_up()

    def on_batch(self, values: list[Aligned]) -> tuple[list[Aligned], bool]:
        """Add the relations of the bars."""
        return [replace(each, relations=self._relate(each)) for each in values], False

    def on_eof(self) -> tuple[list[Aligned], bool]:
        """A pause."""
        return [], False

    def snapshot(self) -> bytes:
        """All of the state as bytes."""
        return freeze(VERSION, {"index": dict(self._index), "reference": list(self._reference), "states": self._states})

    def _relate(self, given: Aligned) -> Any:
        bars, frames = given.bars, self._lengths.size
        instruments = np.ascontiguousarray(bars["instrument"])
        places = find_places(self._table, instruments)
        if (unknown := instruments[places < 0]).size:
            self._take_in(np.unique(unknown).tolist(), given.names)
            places = find_places(self._table, instruments)
        out = np.empty(bars.size, RELATION)
        count = relate_bars(bars, places, self._partners, frames, self._states, out, ALPHA, WARMUP, self._lengths)
        if bars.size:
            self._forget(bars["close_time"][-1])
        return out[:count]

    def _take_in(self, instruments: list[int], names: dict[int, str]) -> None:
        for instrument in instruments:
            self._index[instrument] = len(self._index)
            self._reference.append(instrument_id(f"{venue_of(names[instrument])}:{self._symbol}"))
        self._states = np.concatenate([self._states, np.zeros(len(instruments) * self._lengths.size, PAIR)])
        self._look_up()

    def _forget(self, newest: int) -> None:
        """Let go of those whom roll has forgotten: who is there has a bar of the finest frame at every end.

        Nobody can tell when this is done: who comes back carries FIRST, and a reference that is not there
        relates to nobody.
        """
        states = self._states.reshape(-1, self._lengths.size)
        there = np.flatnonzero(states[:, 0]["closed_at"] == newest)
        if len(self._index) - there.size <= there.size + GONE:
            return
        instruments = list(self._index)
        self._index = {instruments[place]: at for at, place in enumerate(there.tolist())}
        self._reference = [self._reference[place] for place in there]
        self._states = states[there].reshape(-1)
        self._look_up()

    def _look_up(self) -> None:
        self._table = index_instruments(np.array(list(self._index), np.int64))
        self._partners = np.array([self._index.get(each, -1) for each in self._reference], np.int64)


@operator
def relate(
    step_id: str, up: KeyedStream[Aligned], frames: tuple[Frame, ...], reference_symbol: str
) -> KeyedStream[Aligned]:
    """Aligned rows with the relation of each bar's instrument to its venue's `reference_symbol`."""
    return stateful_batch("pairs", up, lambda resume: Relate(frames, reference_symbol, resume))
