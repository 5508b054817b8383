"""align: Slices of all shards to one stream in one order, for whatever looks across instruments.

A shard's watermark says that all it will ever conclude up to then has been sent. Rows are held until
the watermark of every shard has reached them and are then released by (event time, instrument, …).
What is released, and in which order, is a function of the log alone.
"""

from typing import Any

import bytewax.operators as op
import numpy as np
from bytewax.dataflow import operator
from bytewax.operators import KeyedStream, StatefulBatchLogic, stateful_batch
from numpy.typing import NDArray

from domain.aligned import DTYPES, ORDER, Aligned
from domain.instruments import SHARDS
from domain.slices import Slice
from operators.state import freeze, thaw

VERSION = 1
KEY = "all"
"""The one key under which shards meet."""


class Align(StatefulBatchLogic[tuple[str, Slice], Aligned, bytes]):
    """Holds rows back until no shard can send an earlier one; `shards` are expected."""

    def __init__(self, columns: int, resume: bytes | None = None, *, shards: int = SHARDS) -> None:
        self._shards = shards
        self._watermarks: dict[str, int] = {}
        self._names: dict[int, str] = {}
        self._held = {family: np.empty(0, dtype) for family, dtype in DTYPES.items()}
        self._decided = np.empty((columns, 0))
        if resume is not None:
            values = thaw(VERSION, resume)
            self._watermarks, self._names, self._decided = values["watermarks"], values["names"], values["decided"]
            self._held = {family: values[family] for family in DTYPES}

    def on_batch(self, values: list[tuple[str, Slice]]) -> tuple[list[Aligned], bool]:
        """Take Slices with the keys of their shards; release what all shards have passed."""
        waiting: dict[str, list[NDArray[Any]]] = {family: [rows] for family, rows in self._held.items()}
        decided = [self._decided]
        for shard, each in values:
            self._watermarks[shard] = max(each.watermark, self._watermarks.get(shard, each.watermark))
            for family, rows in waiting.items():
                rows.append(getattr(each, family))
            decided.append(each.features[:, each.candidates["row"]])
            _, first = np.unique(each.bars["slot"], return_index=True)
            self._names.update({int(bar["instrument"]): each.names[bar["slot"]] for bar in each.bars[first]})
        held = {family: np.concatenate(rows) for family, rows in waiting.items()}
        self._decided = np.concatenate([part for part in decided if part.size] or [self._decided[:, :0]], axis=1)
        if len(self._watermarks) < self._shards:
            self._held = held
            return [], False
        return [self._release(held, min(self._watermarks.values()))], False

    def on_eof(self) -> tuple[list[Aligned], bool]:
        """A pause: what is held stays held."""
        return [], False

    def snapshot(self) -> bytes:
        """All of the state as bytes."""
        values: dict[str, Any] = {"watermarks": dict(self._watermarks), "names": dict(self._names)}
        return freeze(VERSION, {**values, "decided": self._decided, **self._held})

    def _release(self, held: dict[str, NDArray[Any]], watermark: int) -> Aligned:
        out = Aligned(watermark)
        for family, order in ORDER.items():
            rows = held[family]
            free = np.flatnonzero(rows[order[0]] <= watermark)
            kept = np.flatnonzero(rows[order[0]] > watermark)
            free = free[np.lexsort([rows[name][free] for name in reversed(order)])]
            self._held[family] = rows[kept]
            setattr(out, family, rows[free])
            if family == "candidates":
                out.decided, self._decided = self._decided[:, free], self._decided[:, kept]
        seen = {int(instrument) for family in ORDER for instrument in np.unique(getattr(out, family)["instrument"])}
        out.names = {instrument: self._names[instrument] for instrument in seen if instrument in self._names}
        return out


@operator
def align(step_id: str, up: KeyedStream[Slice], columns: int) -> KeyedStream[Aligned]:
    """Slices of all shards as one stream in one order, under `KEY`.

    Parameters
    ----------
    columns
        Feature columns of a Slice.
    """
    together = op.map("together", up, lambda item: (KEY, item))
    return stateful_batch("order", together, lambda resume: Align(columns, resume))
