"""Split: divide a merged stream of rows into blocks per shard, with names and heartbeats.

A heartbeat gives every shard the current event time, so that the watermark of a shard without trades advances
too. Heartbeats are inserted where the merged stream enters a new minute (of bars: sixty bars), before its first
row; their positions do not depend on the chunk size.
"""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from domain import clock
from domain.blocks import TRADE, Rows, bars_block, heartbeats, names_block, rejects_block, trades_block
from domain.frames import Frame
from domain.instruments import SHARDS
from domain.rows import opaque
from flows.shards import KEYS
from flows.sources.merge import Merged

Item = tuple[str, bytes]
"""Shard key and block."""
BEAT_BARS = 60


class Split:
    """Splits a merged stream.

    Parameters
    ----------
    base
        Frame of bars; None for trades.
    named
        Instruments whose names were emitted before.
    period
        The minute (of bars: the sixty bars) of the last row; None before the first row.
    """

    def __init__(self, base: Frame | None, named: tuple[int, ...] = (), period: int | None = None) -> None:
        self.named = set(named)
        self.period = period
        self._of_bars = base is not None
        self._width_ns = clock.MINUTE if base is None else BEAT_BARS * base.length_ns
        self._unnamed: dict[int, str] = {}

    def items(self, merged: Merged) -> list[Item]:
        """The blocks of all shards, in order for each shard."""
        rows = merged.rows
        self._unnamed |= {number: name for number, name in merged.names.items() if number not in self.named}
        marks, beats = self._beats(merged.keys)
        shards = (rows["instrument"] % SHARDS).astype(np.uint8)
        order = np.argsort(shards, kind="stable")
        ends = np.searchsorted(shards[order], np.arange(SHARDS + 1))
        items = [(KEYS[0], rejects_block(merged.rejects))] if merged.rejects else []
        only_beats = trades_block(beats)
        for shard, key in enumerate(KEYS):
            places = order[ends[shard] : ends[shard + 1]]
            if not places.size:
                items += [(key, only_beats)] if beats.size else []
                continue
            own = rows if places.size == rows.size else rows.take(places)
            items += [(key, names_block(names)) for names in [self._new_names(own)] if names]
            before = np.searchsorted(places, marks)
            blocks = _bars_and_beats(own, before, beats) if self._of_bars else [_trades_and_beats(own, before, beats)]
            items += [(key, block) for block in blocks]
        return items

    def end(self, at_ns: int) -> list[Item]:
        """A final heartbeat for every shard."""
        block = trades_block(heartbeats([at_ns]))
        return [(key, block) for key in KEYS]

    def _beats(self, keys: NDArray[np.int64]) -> tuple[NDArray[np.int64], Rows]:
        """The positions of heartbeats, as indices of the rows after them, and the heartbeats."""
        periods = keys // self._width_ns
        before = np.concatenate([[-1 if self.period is None else self.period], periods])[:-1]
        marks = np.flatnonzero(periods != before)
        if periods.size:
            self.period = int(periods[-1])
        # A bar is emitted at its close time; until all bars that close then are emitted, time is just before it.
        return marks, heartbeats(keys[marks] - int(self._of_bars))

    def _new_names(self, rows: Rows) -> list[str]:
        """Names that were not emitted before, in the order of their first rows."""
        if not self._unnamed:
            return []
        instruments, first = np.unique(rows["instrument"], return_index=True)
        new = [int(each) for each in instruments[np.argsort(first)] if int(each) in self._unnamed]
        self.named.update(new)
        return [self._unnamed.pop(number) for number in new]


def _trades_and_beats(rows: Rows, before: NDArray[np.int64], beats: Rows) -> bytes:
    """One block of the rows, with each heartbeat before the row at its index."""
    if not beats.size:
        return trades_block(rows)
    mixed = np.empty(rows.size + beats.size, TRADE)
    places = before + np.arange(beats.size)
    is_row = np.ones(mixed.size, np.bool_)
    is_row[places] = False
    opaque(mixed)[places], opaque(mixed)[is_row] = opaque(beats), opaque(rows)
    return trades_block(mixed)


def _bars_and_beats(rows: Rows, before: NDArray[np.int64], beats: Rows) -> Iterator[bytes]:
    """Alternating blocks of bars and of heartbeats."""
    start = 0
    for end in np.unique(before).tolist():
        if end > start:
            yield bars_block(rows[start:end])
        yield trades_block(beats[before == end])
        start = end
    if start < rows.size:
        yield bars_block(rows[start:])
