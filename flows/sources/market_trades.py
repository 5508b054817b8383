"""Market trades: the trades in a recording of prediction markets, as an input.

Some feeds repeat a trade after a reconnect or on every poll; duplicates are dropped and counted. Where a
recording has the trades of an instrument both with wallets and, from another feed, without, those with wallets
are used. Order books are counted and ignored.
"""

import re
from collections import Counter
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from domain.blocks import NO_ID, TRADE, Rows
from domain.frames import Frame
from domain.rows import concatenated
from domain.wallets import UNKNOWN
from flows.sources.inputs import Chunk, Kind
from flows.sources.messages import Message, read_messages
from flows.venues.prediction import PredictionDecoder
from flows.venues.row_buffer import REPEATED, RowBuffer, rows_of

_MESSAGE = re.compile(rb'[1-8]\d{18} .{0,4000}?"(?:event_type|price_changes|topic|sid|market_ticker)"\s*:')
_TRADE = re.compile(rb'"(?:proxyWallet|proxy_wallet|tx_hash|trade_id)"\s*:')


class _Survey(NamedTuple):
    """Facts about a whole recording that are needed before it is read.

    Attributes
    ----------
    first_seen
        Fingerprint to first position, of each trade that occurs more than once.
    with_wallets
        Instruments whose trades are recorded with wallets.
    """

    first_seen: dict[int, int]
    with_wallets: frozenset[int]


class MarketTrades:
    """One recorded file as an `Input`."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.kind: Kind = "trades"
        self.frame: Frame | None = None
        self.ignored: Counter[str] = Counter()
        self.streams: dict[str, str] = {}

    @staticmethod
    def recognises(lines: list[bytes]) -> bool:
        """Whether a file that begins with these lines holds messages of prediction markets."""
        head = b"\n".join(lines)
        if head.lstrip().startswith((b"{", b"[")):
            return _TRADE.search(head) is not None
        return any(_MESSAGE.match(line) for line in lines)

    def read(self, position: int, newest_ns: int, at_most: int) -> Iterator[Chunk]:  # noqa: ARG002 - trades may be late
        """Read chunks of at most `at_most` messages; positions are lines, or indices in a document."""
        for messages, damaged, consumed in read_messages(self.path, skip=position, at_most=at_most):
            buffer = RowBuffer(self.path.name, with_wallets=self._survey.with_wallets)
            rows, places, steps = _trades(messages, buffer)
            new = self._is_new(rows, places)
            self.ignored += buffer.ignored + Counter({REPEATED: int((~new).sum()), "step of a book": steps})
            self.streams |= {
                buffer.names[number]: "trades with wallets" if wallet != UNKNOWN else "trades without wallets"
                for number, wallet in zip(rows["instrument"].tolist(), rows["wallet"].tolist(), strict=True)
            }
            rejects = sorted(damaged + buffer.rejects, key=lambda reject: reject.position)
            yield Chunk(rows[new], buffer.names, rejects, consumed)

    @cached_property
    def _survey(self) -> _Survey:
        """One more pass over the file."""
        parts: list[Rows] = []
        at: list[NDArray[np.int64]] = []
        for messages, _, _ in read_messages(self.path):
            rows, places, _ = _trades(messages, RowBuffer(self.path.name))
            parts.append(rows)
            at.append(places)
        rows, places = concatenated(parts or [np.empty(0, TRADE)]), np.concatenate([np.empty(0, np.int64), *at])
        ids, first, counts = np.unique(rows["id"], return_index=True, return_counts=True)
        repeated = (counts > 1) & (ids != NO_ID)
        first_seen = dict(zip(ids[repeated].tolist(), places[first[repeated]].tolist(), strict=True))
        return _Survey(first_seen, frozenset(rows["instrument"][rows["wallet"] != UNKNOWN].tolist()))

    def _is_new(self, rows: Rows, places: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Whether each row is the first occurrence of its trade in the file."""
        new = np.ones(rows.size, np.bool_)
        seen: set[int] = set()
        for row, (number, place) in enumerate(zip(rows["id"].tolist(), places.tolist(), strict=True)):
            first = self._survey.first_seen.get(number)
            if first is not None:
                new[row] = place == first and number not in seen
                seen.add(number)
        return new


def _trades(messages: list[Message], buffer: RowBuffer) -> tuple[Rows, NDArray[np.int64], int]:
    """The trades in some messages, the position of the message of each, and the number of order book rows."""
    decoder = PredictionDecoder()
    rows: list[Rows] = [np.empty(0, TRADE)]
    places: list[int] = []
    steps = 0
    for message in messages:
        buffer.begin(*message)
        decoder.decode(message.payload, buffer)
        runs = buffer.drain()
        steps += rows_of(runs, "quotes").size
        rows.append(rows_of(runs, "trades"))
        places += [message.position] * rows[-1].size
    return concatenated(rows), np.array(places, np.int64), steps
