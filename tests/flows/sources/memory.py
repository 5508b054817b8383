"""Inputs in memory, and streams of items as plain lists."""

from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np

from domain.blocks import TRADE, Rows, read_block
from domain.frames import Frame
from domain.slices import Reject
from flows.sources.inputs import Chunk, Kind


class InMemory:
    """Rows as an `Input`; `rejected` are positions (from 1) of rejects between them."""

    def __init__(self, name: str, rows: Rows, names: dict[int, str], rejected: frozenset[int] = frozenset()) -> None:
        self.path = Path(name)
        self.kind: Kind = "trades" if rows.dtype == TRADE else "bars"
        self.frame: Frame | None = None
        self.ignored: Counter[str] = Counter()
        self.streams: dict[str, str] = {}
        self._names = names
        self._rows = rows
        total = rows.size + len(rejected)
        self._places = np.array([at for at in range(1, total + 1) if at not in rejected], np.int64)
        self._rejected = sorted(rejected)
        self._total = total

    def read(self, position: int, newest_ns: int, at_most: int) -> Iterator[Chunk]:
        for start in range(position, self._total, at_most):
            end = min(start + at_most, self._total)
            here = (self._places > start) & (self._places <= end)
            rejects = [Reject(self.path.name, at, "broken") for at in self._rejected if start < at <= end]
            yield Chunk(self._rows[here], self._names, rejects, end)


def streams(items: Iterable[tuple[str, bytes]]) -> dict[str, list[object]]:
    """The rows of each shard, independent of the division into blocks."""
    by_shard: dict[str, list[object]] = {}
    for key, block in items:
        kind, content = read_block(block)
        stream = by_shard.setdefault(key, [])
        if kind in ("trades", "bars", "quotes"):
            stream += [(kind, content[at : at + 1].tobytes()) for at in range(content.size)]
    return by_shard


def names(items: Iterable[tuple[str, bytes]]) -> list[tuple[str, int, str]]:
    """Key, instrument and name, in order."""
    found = [(key, *read_block(block)) for key, block in items]
    return [(key, number, name) for key, kind, content in found if kind == "names" for number, name in content.items()]


def rejects(items: Iterable[tuple[str, bytes]]) -> list[tuple[str, Reject]]:
    """Key and reject."""
    found = [(key, *read_block(block)) for key, block in items]
    return [(key, reject) for key, kind, content in found if kind == "rejects" for reject in content]
