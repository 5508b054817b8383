"""align: merge the Slices of all shards into one ordered stream, for steps that look across instruments.

A shard's watermark guarantees that every row up to that time has been sent. Rows are held back until the
watermark of every shard has reached them, and are then released in the order (event time, instrument, …).
The rows released, and their order, are a function of the log alone.
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
"""The key under which the streams of all shards are merged."""

NAMES = 1_024
"""Number of stored names above which the unused ones are dropped."""

Rows = NDArray[Any]


class Align(StatefulBatchLogic[tuple[str, Slice], Aligned, bytes]):
    """Hold rows back until none of the `shards` shards can send an earlier one."""

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
        """Accept (shard key, Slice) pairs; release the rows up to the least watermark of all shards."""
        for shard, each in values:
            self._watermarks[shard] = max(each.watermark, self._watermarks.get(shard, each.watermark))
            self._hold(each)
        if len(self._watermarks) < self._shards:
            return [], False
        return [self._release(min(self._watermarks.values()))], False

    def on_eof(self) -> tuple[list[Aligned], bool]:
        """Emit nothing: the end of the input may only be a pause, so held rows stay held."""
        return [], False

    def snapshot(self) -> bytes:
        """Serialise the state; the held rows of each family are merged into one run."""
        values: dict[str, Any] = {"watermarks": dict(self._watermarks), "names": dict(self._names)}
        for family, runs in self._held.items():
            values[family], order = _merged(family, runs)
            if family == "candidates":
                values["decided"] = self._features(self._decided, order)
        return freeze(VERSION, values)

    def _hold(self, given: Slice) -> None:
        if not given.bars.size:
            return  # every other row is derived from bars
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
        """Drop the names of instruments without a held bar; each later bar brings its name again."""
        held = {instrument for rows in self._held["bars"] for instrument in np.unique(rows["instrument"]).tolist()}
        self._names = {instrument: self._names[instrument] for instrument in held}
        self._names_max = NAMES + 2 * len(held)

    def _features(self, parts: list[Rows], order: NDArray[np.int64]) -> Rows:
        return np.concatenate([self._none_decided, *parts], axis=1)[:, order]


def _passed(family: str, rows: Rows, watermark: int) -> int:
    """Count the rows of a run at or before the watermark."""
    time = ORDER[family][0]
    if not rows.size or rows[-1][time] <= watermark:
        return rows.size
    return int(np.searchsorted(rows[time], watermark, side="right")) if rows[0][time] <= watermark else 0


def _merged(family: str, runs: list[Rows]) -> tuple[Rows, NDArray[np.int64]]:
    """Merge runs into the order of the family; return the rows and the permutation that sorts them."""
    rows = concatenated([run for run in runs if run.size] or [np.empty(0, DTYPES[family])])
    time, instrument, *_ = ORDER[family]
    starts = np.cumsum([0, *(run.size for run in runs)])
    order = merge_runs(np.ascontiguousarray(rows[time]), np.ascontiguousarray(rows[instrument]), starts)
    return rows.take(order), order


@operator
def align(step_id: str, up: KeyedStream[Slice], columns: int) -> KeyedStream[Aligned]:
    """Merge the Slices of all shards into one ordered stream, keyed by `KEY`.

    Parameters
    ----------
    columns
        Number of feature columns of a Slice.
    """
    together = op.map("together", up, _without_features)
    return stateful_batch("order", together, lambda resume: Align(columns, resume))


def _without_features(item: tuple[str, Slice]) -> tuple[str, tuple[str, Slice]]:
    """Drop the features of all rows but candidates: they are nine tenths of a Slice that may go to another process.

    The `row` of each candidate becomes the column of its features.
    """
    shard, given = item
    candidates = given.candidates.copy()
    candidates["row"] = np.arange(candidates.size)
    features = given.features[:, given.candidates["row"]]
    return KEY, (shard, replace(given, features=features, candidates=candidates))
