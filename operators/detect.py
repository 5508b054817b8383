"""detect: feature rows to events, each with a strength in (0, 1]."""

from dataclasses import replace
from typing import Any

import numpy as np
from bytewax.dataflow import operator
from bytewax.operators import KeyedStream, StatefulBatchLogic, stateful_batch
from numpy.typing import NDArray

from domain.slices import EVENT, SYNTHETIC, Slice
from operators.detectors import Detector
from operators.features import Feature
from operators.kernels.cooldown import fire
from operators.kernels.lanes import lane_rows, link_rows
from operators.state import freeze, thaw
from operators.view import Table, View, column_index

VERSION = 2


class Detect(StatefulBatchLogic[Slice, Slice, bytes]):
    """State machine of the `detect` step: the events of one shard."""

    def __init__(
        self, detectors: tuple[Detector, ...], features: tuple[Feature, ...], frames: int, resume: bytes | None = None
    ) -> None:
        self._detectors, self._frames = detectors, frames
        self._index = column_index(features)
        self._cooldowns = np.array([detector.cooldown for detector in detectors], np.int64)
        self._seen = np.zeros(0, np.int64)
        self._directed = np.array([detector.directed for detector in detectors])
        self._silent = np.zeros((0, len(detectors)), np.int64)
        self._carried = np.zeros((len(self._index), 0))
        if resume is not None:
            values = thaw(VERSION, resume)
            self._seen, self._silent, self._carried = values["seen"], values["silent"], values["carried"]
        self._last = np.full(self._seen.size, -1, np.int64)

    def on_batch(self, values: list[Slice]) -> tuple[list[Slice], bool]:
        """Add the events of each Slice's bars."""
        return [replace(each, events=self._detect(each)) for each in values], False

    def on_eof(self) -> tuple[list[Slice], bool]:
        """Emit nothing: the end of the input may only be a pause."""
        return [], False

    def snapshot(self) -> bytes:
        """Serialise the state."""
        return freeze(VERSION, {"seen": self._seen, "silent": self._silent, "carried": self._carried})

    def _detect(self, given: Slice) -> NDArray[Any]:
        bars = given.bars
        if bars.size == 0:
            return np.empty(0, EVENT)
        self._grow(len(given.names) * self._frames)
        lane, seen = lane_rows(bars, self._frames, self._seen)
        now = Table(bars, given.features)
        before, newest = link_rows(lane, seen, self._last)
        view = View(self._index, now, self._carried, {"before": before})
        strength = np.empty((len(self._detectors), bars.size))
        # Features are NaN until warm, and comparisons with NaN are false, so that a cold detector does not fire.
        with np.errstate(invalid="ignore", divide="ignore"):
            for at, detector in enumerate(self._detectors):
                strength[at] = detector.question(view)
        # A bar without trades carries no new information.
        synthetic = (bars["flags"] & SYNTHETIC) != 0
        rows, which = fire(strength, synthetic, lane, seen, self._silent, self._cooldowns)
        now.carry(newest, lane, self._carried)
        signed = strength[which, rows]
        shown = bars[rows]
        events = np.empty(rows.size, EVENT)
        for name in ("instrument", "slot", "frame"):
            events[name] = shown[name]
        events["ts"], events["detector"], events["row"] = shown["close_time"], which, rows
        events["strength"] = np.minimum(np.abs(signed), 1.0)
        events["direction"] = self._directed[which] * np.sign(signed)
        return events

    def _grow(self, lanes: int) -> None:
        missing = lanes - self._seen.size
        if missing > 0:
            self._seen = np.pad(self._seen, (0, missing))
            self._silent = np.pad(self._silent, ((0, missing), (0, 0)))
            self._carried = np.pad(self._carried, ((0, 0), (0, missing)))
            self._last = np.full(lanes, -1, np.int64)


@operator
def detect(
    step_id: str,
    up: KeyedStream[Slice],
    detectors: tuple[Detector, ...],
    features: tuple[Feature, ...],
    frames: int,
) -> KeyedStream[Slice]:
    """Add the events of their bars to the Slices, in the order (bar, detector)."""
    return stateful_batch("events", up, lambda resume: Detect(detectors, features, frames, resume))
