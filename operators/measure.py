"""measure: compute every feature of every frame from closed bars.

Kernels are incremental: the state of a lane (an instrument in a frame) is its last few bars and a few numbers
per feature. A value is NaN until its feature is warm.
"""

from dataclasses import replace
from typing import Any

import numpy as np
from bytewax.dataflow import operator
from bytewax.operators import KeyedStream, StatefulBatchLogic, stateful_batch
from numpy.typing import NDArray

from domain.slices import Slice
from operators.features import Feature
from operators.kernels.lanes import REMEMBERED, build_tape, lane_rows, scatter
from operators.state import freeze, thaw

VERSION = 5


class Measure(StatefulBatchLogic[Slice, Slice, bytes]):
    """State machine of the `measure` step: the features of one shard."""

    def __init__(self, features: tuple[Feature, ...], frames: int, resume: bytes | None = None) -> None:
        self._features, self._frames = features, frames
        # At least one bar, so that the stored history separates a lane from the lane before it on the tape.
        self._depth = max(2, *(feature.lookback for feature in features)) - 1
        self._warmups = np.array([feature.warmup for feature in features for _ in feature.columns])
        self._seen = np.zeros(0, np.int64)
        self._history = np.zeros((0, len(REMEMBERED), self._depth))
        self._states = [np.zeros((0, feature.state)) for feature in features]
        if resume is not None:
            values = thaw(VERSION, resume)
            self._seen, self._history = values["seen"], values["history"]
            self._states = [values[feature.name] for feature in features]
        self._cursor = np.zeros(self._seen.size, np.int64)

    def on_batch(self, values: list[Slice]) -> tuple[list[Slice], bool]:
        """Add the features of each Slice's bars."""
        return [replace(each, features=self._measure(each.bars, len(each.names))) for each in values], False

    def on_eof(self) -> tuple[list[Slice], bool]:
        """Emit nothing: the end of the input may only be a pause."""
        return [], False

    def snapshot(self) -> bytes:
        """Serialise the state."""
        states = {feature.name: state for feature, state in zip(self._features, self._states, strict=True)}
        return freeze(VERSION, {"seen": self._seen, "history": self._history, **states})

    def _measure(self, bars: NDArray[Any], slots: int) -> NDArray[np.float64]:
        out = np.empty((self._warmups.size, bars.size))
        if bars.size == 0:
            return out
        self._grow(slots * self._frames)
        lane, seen = lane_rows(bars, self._frames, self._seen)
        tape, order, at = build_tape(bars, lane, self._history, self._cursor)
        lane, seen = lane[order], seen[order]
        values, column = np.empty_like(out), 0
        for feature, state in zip(self._features, self._states, strict=True):
            mine = values[column : column + len(feature.columns)]
            feature.kernel(tape, at, seen, lane, state, mine)
            column += len(feature.columns)
        scatter(values, order, seen, self._warmups, out)
        return out

    def _grow(self, lanes: int) -> None:
        missing = lanes - self._seen.size
        if missing <= 0:
            return
        self._seen, self._history, self._cursor, *self._states = (
            np.concatenate([array, np.zeros((missing, *array.shape[1:]), array.dtype)])
            for array in (self._seen, self._history, self._cursor, *self._states)
        )


@operator
def measure(step_id: str, up: KeyedStream[Slice], features: tuple[Feature, ...], frames: int) -> KeyedStream[Slice]:
    """Add the features of their bars to the Slices: (columns, bars) float64, columns in catalogue order."""
    return stateful_batch("rows", up, lambda resume: Measure(features, frames, resume))
