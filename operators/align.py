"""align: Slices of all shards to one stream in one order, for whatever looks across instruments.

A shard's watermark says that all it will ever conclude up to then has been sent. Rows are held until
the watermark of every shard has reached them and are then released by (event time, instrument, …).
What is released, and in which order, is a function of the log alone.
"""

from dataclasses import replace
from typing import Any

import bytewax.operators as op
import numpy as np
from bytewax.dataflow import operator
from bytewax.operators import KeyedStream, StatefulBatchLogic, stateful_batch
from numpy.typing import NDArray

from domain.aligned import DTYPES, ORDER, Aligned
from domain.instruments import SHARDS
from domain.rows import concatenated
from domain.slices import Slice
from operators.kernels.merging import merge_runs
from operators.state import freeze, thaw

VERSION = 3
KEY = "all"
"""The one key under which shards meet."""

NAMES = 1_024
"""So many names are kept before it is looked which are still needed."""

Rows = NDArray[Any]


class Align(StatefulBatchLogic[tuple[str, Slice], Aligned, bytes]):
    """Holds rows back until no shard can send an earlier one; `shards` are expected."""

    def __init__(self, columns: int, resume: bytes | None = None, *, shards: int = SHARDS) -> None:
        self._shards = shards
        self._watermarks: dict[str, int] = {}
        self._names: dict[int, str] = {}
        self._names_max = NAMES
        self._held: dict[str, list[Rows]] = {family: [] for family in DTYPES}
        self._none_decided = np.empty((columns, 0))
        self._decided: list[Rows] = []  # features of each run of candidates
        if resume is not None:
            values = thaw(VERSION, resume)
            self._watermarks, self._names = values["watermarks"], values["names"]
            self._held = {family: [values[family]] for family in DTYPES}
            self._decided = [values["decided"]]

    def on_batch(self, values: list[tuple[str, Slice]]) -> tuple[list[Aligned], bool]:
        """Take Slices with the keys of their shards; release what all shards have passed."""
        for shard, each in values:
            self._watermarks[shard] = max(each.watermark, self._watermarks.get(shard, each.watermark))
            self._hold(each)
        if len(self._watermarks) < self._shards:
            return [], False
        return [self._release(min(self._watermarks.values()))], False

    def on_eof(self) -> tuple[list[Aligned], bool]:
        """A pause: what is held stays held."""
        return [], False

    def snapshot(self) -> bytes:
        """All of the state as bytes; what is held goes down as one run."""
        values: dict[str, Any] = {"watermarks": dict(self._watermarks), "names": dict(self._names)}
        for family, runs in self._held.items():
            values[family], order = _merged(family, runs)
            if family == "candidates":
                values["decided"] = self._features(self._decided, order)
        return freeze(VERSION, values)

    def _hold(self, given: Slice) -> None:
        if not given.bars.size:
            return  # all else is concluded of bars
        for family, runs in self._held.items():
            if (rows := getattr(given, family)).size:
                runs.append(rows)
        if given.candidates.size:
            self._decided.append(given.features[:, given.candidates["row"]])
        row_of = np.full(len(given.names), -1)
        row_of[given.bars["slot"]] = np.arange(given.bars.size)
        shown = np.flatnonzero(row_of >= 0)
        instruments = given.bars["instrument"][row_of[shown]].tolist()
        self._names.update(zip(instruments, (given.names[slot] for slot in shown), strict=True))

    def _release(self, watermark: int) -> Aligned:
        out = Aligned(watermark, decided=self._none_decided)
        for family, runs in self._held.items():
            passed = [_passed(family, rows, watermark) for rows in runs]
            rows, order = _merged(family, [rows[:count] for rows, count in zip(runs, passed, strict=True)])
            setattr(out, family, rows)
            if family == "candidates":
                cut = list(zip(self._decided, passed, strict=True))
                out.decided = self._features([features[:, :count] for features, count in cut], order)
                self._decided = [features[:, count:] for features, count in cut if count < features.shape[1]]
            self._held[family] = [rows[count:] for rows, count in zip(runs, passed, strict=True) if count < rows.size]
        shown = np.unique(out.bars["instrument"], sorted=False).tolist()
        out.names = {instrument: self._names[instrument] for instrument in shown}
        if len(self._names) > self._names_max:
            self._forget_names()
        return out

    def _forget_names(self) -> None:
        """Those of which no bar is held: each bar brings its name along."""
        held = {instrument for rows in self._held["bars"] for instrument in np.unique(rows["instrument"]).tolist()}
        self._names = {instrument: self._names[instrument] for instrument in held}
        self._names_max = NAMES + 2 * len(held)

    def _features(self, parts: list[Rows], order: NDArray[np.int64]) -> Rows:
        return np.concatenate([self._none_decided, *parts], axis=1)[:, order]


def _passed(family: str, rows: Rows, watermark: int) -> int:
    """How many rows of a run are not later than the watermark."""
    time = ORDER[family][0]
    if not rows.size or rows[-1][time] <= watermark:
        return rows.size
    return int(np.searchsorted(rows[time], watermark, side="right")) if rows[0][time] <= watermark else 0


def _merged(family: str, runs: list[Rows]) -> tuple[Rows, NDArray[np.int64]]:
    """The rows of all runs in the order of the family, and where each stood."""
    rows = concatenated([run for run in runs if run.size] or [np.empty(0, DTYPES[family])])
    time, instrument, *_ = ORDER[family]
    starts = np.cumsum([0, *(run.size for run in runs)])
    order = merge_runs(np.ascontiguousarray(rows[time]), np.ascontiguousarray(rows[instrument]), starts)
    return rows.take(order), order


@operator
def align(step_id: str, up: KeyedStream[Slice], columns: int) -> KeyedStream[Aligned]:
    """Slices of all shards as one stream in one order, under `KEY`.

    Parameters
    ----------
    columns
        Feature columns of a Slice.
    """
    together = op.map("together", up, _without_features)
    return stateful_batch("order", together, lambda resume: Align(columns, resume))


def _without_features(item: tuple[str, Slice]) -> tuple[str, tuple[str, Slice]]:
    """A Slice on its way to the others, which may be in another process: nine tenths of it are features.

    Those of the rows on which a candidate stands go along; its `row` is then their column.
    """
    shard, given = item
    candidates = given.candidates.copy()
    candidates["row"] = np.arange(candidates.size)
    features = given.features[:, given.candidates["row"]]
    return KEY, (shard, replace(given, features=features, candidates=candidates))
