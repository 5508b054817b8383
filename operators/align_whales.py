"""align_whales: merge the whale findings of all shards into one ordered stream, for the track records of wallets.

A wallet trades in markets of every shard. Rows are held back until the watermark of every shard has reached
them, and are then released in the order (time, market), so that the output is a function of the log alone.
"""

from typing import Any

import bytewax.operators as op
import msgspec
import numpy as np
from bytewax.dataflow import operator
from bytewax.operators import KeyedStream, StatefulBatchLogic, stateful_batch
from numpy.typing import NDArray

from domain.instruments import SHARDS
from domain.rows import concatenated
from domain.whales import POSITION, WHALE, Called, WhaleCounts, WhaleFindings
from operators.align import KEY
from operators.state import freeze, thaw

VERSION = 2


class AlignWhales(StatefulBatchLogic[tuple[str, WhaleFindings], WhaleFindings, bytes]):
    """Hold findings back until none of the `shards` shards can send an earlier one."""

    def __init__(self, resume: bytes | None = None, *, shards: int = SHARDS) -> None:
        self._shards = shards
        self._watermarks: dict[str, int] = {}
        self._counts = WhaleCounts()
        self._rows, self._positions = np.empty(0, WHALE), np.empty(0, POSITION)
        self._called: list[Called] = []
        if resume is not None:
            values = thaw(VERSION, resume)
            self._watermarks = values["watermarks"]
            self._counts = WhaleCounts(**values["counts"])
            self._rows, self._positions = values["rows"], values["positions"]
            self._called = values["called"]

    def on_batch(self, values: list[tuple[str, WhaleFindings]]) -> tuple[list[WhaleFindings], bool]:
        """Accept (shard key, findings) pairs; release the rows up to the least watermark of all shards."""
        for shard, found in values:
            self._watermarks[shard] = max(found.watermark, self._watermarks.get(shard, found.watermark))
            for name in WhaleCounts.__struct_fields__:
                setattr(self._counts, name, getattr(self._counts, name) + getattr(found.counts, name))
        self._rows = concatenated([self._rows, *(found.rows for _, found in values)])
        self._called += [called for _, found in values for called in found.called]
        self._positions = concatenated([self._positions, *(found.positions for _, found in values)])
        if len(self._watermarks) < self._shards:
            return [], False
        watermark = min(self._watermarks.values())
        due, later = _split(self._rows, watermark)
        rows, self._rows = self._rows[due], self._rows[later]
        called, self._called = ([self._called[at] for at in part.tolist()] for part in (due, later))
        due, later = _split(self._positions, watermark)
        positions, self._positions = self._positions[due], self._positions[later]
        counts, self._counts = self._counts, WhaleCounts()
        return [WhaleFindings(watermark, rows, positions, counts, called)], False

    def on_eof(self) -> tuple[list[WhaleFindings], bool]:
        """Emit nothing: the end of the input may only be a pause, so held rows stay held."""
        return [], False

    def snapshot(self) -> bytes:
        """Serialise the state."""
        return freeze(
            VERSION,
            {
                "watermarks": dict(self._watermarks),
                "counts": msgspec.structs.asdict(self._counts),
                "rows": self._rows,
                "called": list(self._called),
                "positions": self._positions,
            },
        )


def _split(rows: NDArray[Any], watermark: int) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Return the sorted indices of rows up to the watermark, and those of later rows; stable within a market."""
    passed = np.flatnonzero(rows["ts"] <= watermark)
    order = np.lexsort([rows["market"][passed], rows["ts"][passed]])
    return passed[order], np.flatnonzero(rows["ts"] > watermark)


@operator
def align_whales(step_id: str, up: KeyedStream[WhaleFindings]) -> KeyedStream[WhaleFindings]:
    """Merge the whale findings of all shards into one ordered stream, keyed by `KEY`."""
    together = op.map("together", up, lambda item: (KEY, item))
    return stateful_batch("order", together, AlignWhales)
