"""Merge: several inputs as one stream of rows in the order of event time.

The order is a pure function of the inputs: it depends neither on the order in which they are given nor on the
chunk size. The rows of each input keep their order. The key of a row is the newest event time in its input so
far; rows are ordered by (key, rank of the input, position in the input), and inputs are ranked by (first event
time, file name, path).
"""

from collections.abc import Sequence
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from domain.blocks import TRADE, Rows
from domain.rows import concatenated
from domain.slices import BAR, Reject
from flows.sources.inputs import Input, Kind

NEVER = np.iinfo(np.int64).max
"""First event time of an input without rows."""
TIME_COLUMN: dict[Kind, str] = {"trades": "ts", "bars": "close_time"}
ROW_TYPE: dict[Kind, np.dtype[np.void]] = {"trades": TRADE, "bars": BAR}


Side = Literal["left", "right"]


class Position(NamedTuple):
    """How far one input has been emitted.

    Attributes
    ----------
    start
        Position at which to resume reading.
    taken
        Rows after `start` that were emitted.
    rejected_to
        Rejects up to this line or row were emitted.
    key
        The key before `start`.
    """

    start: int
    taken: int
    rejected_to: int
    key: int


class Merged(NamedTuple):
    """The next rows of all inputs, their keys, and the names and rejects found while reading them."""

    rows: Rows
    keys: NDArray[np.int64]
    names: dict[int, str]
    rejects: list[Reject]


def first_ns(source: Input) -> int:
    """The first event time of an input, or NEVER."""
    column = TIME_COLUMN[source.kind]
    return next((int(chunk.rows[column][0]) for chunk in source.read(0, 0, 1_000) if chunk.rows.size), NEVER)


class Merge:
    """Merges inputs of one kind.

    Parameters
    ----------
    inputs
        In rank order, each with its first event time.
    positions
        Positions at which an earlier merge of the same inputs stopped.
    chunk_rows
        Rows to read from an input at a time; does not affect the order.
    """

    def __init__(
        self, inputs: Sequence[tuple[Input, int]], positions: Sequence[Position] | None, chunk_rows: int
    ) -> None:
        positions = positions or [Position(0, 0, 0, first) for _, first in inputs]
        self._readers = [
            _Reader(source, position, chunk_rows) for (source, _), position in zip(inputs, positions, strict=True)
        ]

    def positions(self) -> tuple[Position, ...]:
        """The position in each input, in rank order."""
        return tuple(reader.position() for reader in self._readers)

    def step(self) -> Merged | None:
        """Read the next chunk of the input that is furthest behind, and return all rows that are complete.

        Returns
        -------
        Merged or None
            None once all inputs have ended.
        """
        alive = [reader for reader in self._readers if not reader.ended]
        if not alive:
            return None
        names, rejects = min(alive, key=_bound).load()
        # Rows still to be read have at least the bound of their input. Of the inputs with the smallest
        # bound the first in rank may have more rows of that key, which precede those of later ranks.
        holder = min((reader for reader in alive if not reader.ended), key=_bound, default=None)
        until = NEVER if holder is None else holder.bound
        side: Side = "right"
        parts = []
        for reader in self._readers:
            parts.append(reader.take(until, side))
            side = "left" if reader is holder else side
        parts = [part for part in parts if part[0].size] or parts[:1]
        rows = concatenated([rows for rows, _ in parts])
        keys = concatenated([keys for _, keys in parts])
        if np.any(keys[1:] < keys[:-1]):
            order = np.argsort(keys, kind="stable")
            rows, keys = rows.take(order), keys.take(order)
        return Merged(rows, keys, names, rejects)


class _Reader:
    """One input: the rows of its current chunk that were not emitted, and a lower bound of the keys of later ones."""

    def __init__(self, source: Input, position: Position, chunk_rows: int) -> None:
        self.ended = False
        self.bound = position.key
        self._time = TIME_COLUMN[source.kind]
        self._chunks = source.read(position.start, position.key, chunk_rows)
        self._rows = np.empty(0, ROW_TYPE[source.kind])
        self._keys = np.empty(0, np.int64)
        self._key_before = position.key
        self._start = self._consumed = position.start
        self._taken = 0
        self._to_skip = position.taken
        self._rejected_to = position.rejected_to

    def load(self) -> tuple[dict[int, str], list[Reject]]:
        """Load the next chunk; all rows of the previous one have been emitted."""
        chunk = next(self._chunks, None)
        if chunk is None:
            self.ended = True
            return {}, []
        self._start, self._consumed, self._key_before = self._consumed, chunk.consumed, self.bound
        keys = np.maximum.accumulate(np.concatenate([[self.bound], chunk.rows[self._time]]))[1:]
        self.bound = int(keys[-1]) if keys.size else self.bound
        self._taken = min(self._to_skip, keys.size)
        self._to_skip -= self._taken
        self._rows, self._keys = chunk.rows[self._taken :], keys[self._taken :]
        rejects = [reject for reject in chunk.rejects if reject.position > self._rejected_to]
        self._rejected_to = max(self._rejected_to, chunk.consumed)
        return chunk.names, rejects

    def take(self, until: int, side: Side) -> tuple[Rows, NDArray[np.int64]]:
        """Remove and return the rows up to the key `until`; with side "right" including that key."""
        count = int(np.searchsorted(self._keys, until, side=side))
        taken = self._rows[:count], self._keys[:count]
        self._rows, self._keys = self._rows[count:], self._keys[count:]
        self._taken += count
        return taken

    def position(self) -> Position:
        """The position from which a new reader would return the same remaining rows."""
        if self._rows.size:
            return Position(self._start, self._taken, self._rejected_to, self._key_before)
        return Position(self._consumed, self._to_skip, self._rejected_to, self.bound)


def _bound(reader: _Reader) -> int:
    return reader.bound
