"""Recordings: raw WebSocket messages of a venue, one `RECV_NS JSON` per line, gzip or plain.

`RECV_NS` is the receive time of the message, in ns since 1970. This reader is for Binance; recordings of
prediction markets are read by `flows.sources.market_trades`.
"""

import re
from collections import Counter
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path

import numpy as np

from domain.blocks import TRADE
from domain.frames import Frame
from domain.slices import Reject
from flows.sources.inputs import Chunk, Kind
from flows.sources.lines import read_lines
from flows.venues import binance

_FORM = re.compile(rb"[1-8]\d{18} [\[{]")


class Recording:
    """One recorded file as an `Input`."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.kind: Kind = "trades"
        self.frame: Frame | None = None
        self.ignored: Counter[str] = Counter()
        self.streams: dict[str, str] = {}

    @staticmethod
    def recognises(lines: list[bytes]) -> bool:
        """Whether any of the lines has the form of a recording."""
        return any(_FORM.match(line) for line in lines)

    def read(self, position: int, newest_ns: int, at_most: int) -> Iterator[Chunk]:  # noqa: ARG002 - trades may be late
        """Read chunks of at most `at_most` lines; positions are lines."""
        for first, lines, damage in read_lines(self.path, skip=position, at_most=at_most):
            if damage:
                yield Chunk(np.empty(0, TRADE), {}, [Reject(self.path.name, first, damage)], first)
                break
            decoded = binance.decode(
                lines,
                first=first,
                source=self.path.name,
                ignored=self.ignored,
                with_trades=lambda: self._with_trades,
            )
            self.streams |= decoded.streams
            yield Chunk(decoded.rows, decoded.names, decoded.rejects, consumed=first + len(lines) - 1)

    @cached_property
    def _with_trades(self) -> frozenset[str]:
        """One more pass over the file; only recordings of `aggTrade` need it."""
        return binance.instruments_with_trades(chunk.lines for chunk in read_lines(self.path))
