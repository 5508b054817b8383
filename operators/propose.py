"""propose: turn the events and features of the primary frame into candidates, with the multi-timeframe check.

A decision at close time t uses every bar of every frame that ends at or before t, and no other. Candidates that
fail the check, or depend on bars with missing trades, are suppressed with the reason, but are tracked to their
outcome all the same, so that suppressed candidates are graded too.
"""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from bytewax.dataflow import operator
from bytewax.operators import KeyedStream, StatefulBatchLogic, stateful_batch
from numpy.typing import NDArray

from domain.frames import Frame
from domain.slices import CANDIDATE, EMITTED, SUPPRESSED, SUPPRESSED_REASONS, Slice
from operators.detectors import Detector
from operators.features import Feature
from operators.kernels.cooldown import fire
from operators.kernels.lanes import lane_rows, link_frames, link_rows
from operators.state import freeze, thaw
from operators.strategies import Strategy
from operators.view import Floats, Table, View, column_index

VERSION = 2
LEAN_MIN = 0.1
"""Least distance between the moving averages, in average true ranges, for a frame to have a direction."""


@dataclass(frozen=True)
class ProposeSettings:
    """The frames, and the settings of the multi-timeframe check.

    Attributes
    ----------
    frames
        Finest first.
    primary
        Index of the frame on whose closed bars decisions are made.
    alignment_required
        Whether a candidate that is not aligned is suppressed.
    min_aligned
        Number of frames that must point in the direction of a candidate for it to be aligned.
    """

    frames: tuple[Frame, ...]
    primary: int
    alignment_required: bool = True
    min_aligned: int = 2


class Propose(StatefulBatchLogic[Slice, Slice, bytes]):
    """State machine of the `propose` step: the candidates of one shard."""

    def __init__(
        self,
        strategies: tuple[Strategy, ...],
        detectors: tuple[Detector, ...],
        features: tuple[Feature, ...],
        settings: ProposeSettings,
        resume: bytes | None = None,
    ) -> None:
        self._strategies, self._settings = strategies, settings
        self._frames = len(settings.frames)
        self._detectors = {detector.name: at for at, detector in enumerate(detectors)}
        self._directed = np.array([detector.directed for detector in detectors])
        self._index = column_index(features)
        self._cooldowns = np.array([strategy.cooldown for strategy in strategies], np.int64)
        self._stops = np.array([strategy.stop_atr for strategy in strategies])
        self._targets = np.array([strategy.target_r for strategy in strategies])
        primary_ns = settings.frames[settings.primary].length_ns
        self._horizons = np.array([strategy.horizon * primary_ns for strategy in strategies], np.int64)
        self._weights = np.sqrt([frame.length_ns for frame in settings.frames])
        self._present = np.zeros(0, np.int64)
        self._seen = np.zeros(0, np.int64)
        self._silent = np.zeros((0, len(strategies)), np.int64)
        self._carried = np.zeros((len(self._index), 0))
        if resume is not None:
            values = thaw(VERSION, resume)
            self._present, self._seen = values["present"], values["seen"]
            self._silent, self._carried = values["silent"], values["carried"]
        self._last = np.full(self._present.size, -1, np.int64)

    def on_batch(self, values: list[Slice]) -> tuple[list[Slice], bool]:
        """Add the candidates of each Slice's primary bars."""
        return [replace(each, candidates=self._propose(each)) for each in values], False

    def on_eof(self) -> tuple[list[Slice], bool]:
        """Emit nothing: the end of the input may only be a pause."""
        return [], False

    def snapshot(self) -> bytes:
        """Serialise the state."""
        lanes = {"present": self._present, "seen": self._seen}
        return freeze(VERSION, {**lanes, "silent": self._silent, "carried": self._carried})

    def _propose(self, given: Slice) -> NDArray[Any]:
        bars = given.bars
        if bars.size == 0:
            return np.empty(0, CANDIDATE)
        self._grow(len(given.names))
        rows, newest = link_frames(bars, self._frames, self._settings.primary, self._present, self._last)
        lane, seen = lane_rows(bars, self._frames, self._seen)
        before, latest = link_rows(lane, seen, self._last)
        now = Table(bars, given.features)
        candidates = np.empty(0, CANDIDATE)
        if rows.size:
            looks = {frame.name: newest[at] for at, frame in enumerate(self._settings.frames)}
            looks["before"] = before[rows]
            fired = self._fired(given.events, rows, bars.size)
            view = View(self._index, now, self._carried, looks, rows=rows, events=(self._detectors, fired))
            candidates = self._decide(view, bars[rows], seen[rows], fired)
            candidates["row"] = rows[candidates["row"]]
        now.carry(latest, lane, self._carried)
        return candidates

    def _fired(self, events: NDArray[Any], rows: NDArray[np.int64], count: int) -> Floats:
        """Signed strengths of the events on some of `count` rows: (detectors, rows)."""
        places = np.full(count, -1)
        places[rows] = np.arange(rows.size)
        mine = events[places[events["row"]] >= 0]
        fired = np.zeros((len(self._detectors), rows.size))
        sign = np.where(self._directed[mine["detector"]], mine["direction"], 1)
        fired[mine["detector"], places[mine["row"]]] = mine["strength"] * sign
        return fired

    def _decide(self, view: View, bars: NDArray[Any], seen: NDArray[np.int64], fired: Floats) -> NDArray[Any]:
        """Candidates on primary bars; their `row` is an index into `bars`."""
        with np.errstate(invalid="ignore", divide="ignore"):
            proposed = np.array([strategy.plan(view) for strategy in self._strategies])
        without_stop = ~(view["atr"] > 0.0)  # without a range there is no distance for the stop
        # A strategy decides on one frame only, so its lanes are the slots.
        slots = bars["slot"].astype(np.int64)
        at, which = fire(proposed, without_stop, slots, seen, self._silent, self._cooldowns)
        out = np.zeros(at.size, CANDIDATE)
        if not at.size:
            return out
        signed, chosen, shown = np.clip(proposed[which, at], -1.0, 1.0), view.only(at), bars[at]
        direction, close = np.sign(signed), chosen["close"]
        stop = self._stops[which] * chosen["atr"]
        target = self._targets[which] * stop
        for name in ("instrument", "slot"):
            out[name] = shown[name]
        out["ts"], out["row"] = shown["close_time"], at
        out["strategy"], out["direction"], out["confidence"] = which, direction, np.abs(signed)
        out["entry_price"] = close
        out["stop_loss"], out["take_profit"] = close - direction * stop, close + direction * target
        out["expires_at"] = out["ts"] + self._horizons[which]
        out["events"] = ((fired[:, at] != 0.0) * (1 << np.arange(len(fired), dtype=np.int64))[:, None]).sum(axis=0)
        self._check_frames(out, chosen, direction)
        unaligned = (out["mtf_aligned"] == 0) & self._settings.alignment_required
        out["reason"][unaligned] = SUPPRESSED_REASONS.index("mtf_not_aligned")
        out["reason"][self._incomplete(chosen)] = SUPPRESSED_REASONS.index("incomplete_data")
        out["status"] = np.where(out["reason"] != 0, SUPPRESSED, EMITTED)
        # Drop candidates whose stop or target would be negative: the range is wider than the price.
        return out[(out["stop_loss"] > 0.0) & (out["take_profit"] > 0.0)]

    def _lean(self, view: View, frame: str) -> Floats:
        """Signed trend of a frame: fast minus slow moving average, in average true ranges."""
        return (view.at(frame, "ema_9") - view.at(frame, "ema_21")) / view.at(frame, "atr")

    def _check_frames(self, out: NDArray[Any], view: View, direction: Floats) -> None:
        """Fill the multi-timeframe columns; the weight of a frame is the square root of its length."""
        frames = len(self._settings.frames)
        with np.errstate(invalid="ignore", divide="ignore"):
            lean = np.nan_to_num(np.array([self._lean(view, frame.name) for frame in self._settings.frames]))
        points = np.where(np.abs(lean) >= LEAN_MIN, np.sign(lean), 0.0)
        strength = np.minimum(1.0, np.abs(lean)) * (points != 0.0)
        out["mtf_direction"][:, :frames] = points.T
        out["mtf_strength"][:, :frames] = strength.T
        agreement = (self._weights[:, None] * points * strength).sum(axis=0) / self._weights.sum()
        out["mtf_score"] = np.clip(agreement * direction, 0.0, 1.0)
        out["mtf_aligned"] = (points == direction).sum(axis=0) >= self._settings.min_aligned

    def _incomplete(self, view: View) -> Any:
        """Whether the newest bar of any frame is missing trades."""
        missing = np.array([view.at(frame.name, "incomplete") for frame in self._settings.frames])
        return (missing == 1.0).any(axis=0)

    def _grow(self, slots: int) -> None:
        missing = slots - self._silent.shape[0]
        if missing > 0:
            self._silent = np.pad(self._silent, ((0, missing), (0, 0)))
            self._present = np.pad(self._present, (0, missing * self._frames))
            self._seen = np.pad(self._seen, (0, missing * self._frames))
            self._carried = np.pad(self._carried, ((0, 0), (0, missing * self._frames)))
            self._last = np.full(self._present.size, -1, np.int64)


@operator
def propose(
    step_id: str,
    up: KeyedStream[Slice],
    strategies: tuple[Strategy, ...],
    detectors: tuple[Detector, ...],
    features: tuple[Feature, ...],
    settings: ProposeSettings,
) -> KeyedStream[Slice]:
    """Add the candidates of their primary bars to the Slices, in the order (bar, strategy)."""
    return stateful_batch("candidates", up, lambda resume: Propose(strategies, detectors, features, settings, resume))
