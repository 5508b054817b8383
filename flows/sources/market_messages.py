"""Market messages: decode recorded messages of prediction markets, per file and merged over all files.

The order is a pure function of the files: by (newest time in the file so far, rank of the file, position), with
files ranked by (first time, name, path). The time of a message is its receive time, else that of its first row.
REST responses without any time come first, and their markets then count as open, whatever their later state.
"""

import heapq
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import groupby
from pathlib import Path
from typing import NamedTuple

from domain.blocks import NO_ID, Rows
from domain.rows import concatenated
from domain.slices import Reject
from flows.sources.messages import read_messages
from flows.venues.duplicates import DuplicateFilter
from flows.venues.prediction import PredictionDecoder
from flows.venues.row_buffer import REPEATED, RowBuffer, Run


class DecodedMessage(NamedTuple):
    """One decoded message.

    Attributes
    ----------
    key, rank, position
        Its sort key.
    received_ns
        Receive time; 0 if unknown.
    payload
        The raw message.
    runs, rejects, ignored
        See `flows.venues.row_buffer`.
    buffer
        Has the names of instruments and wallets in the rows.
    """

    key: int
    rank: int
    position: int
    received_ns: int
    payload: bytes
    runs: list[Run]
    rejects: list[Reject]
    ignored: Mapping[str, int]
    buffer: RowBuffer


class MessageBatch:
    """Several decoded messages, with consecutive runs of one kind joined; a `flows.sources.market_split.DecodedRows`.

    Attributes
    ----------
    messages, accepted, trades
        Number of messages; of rows, changes and groups; of trades among these.
    """

    def __init__(
        self,
        decoded_messages: Sequence[DecodedMessage],
        runs_of: Callable[[DecodedMessage], list[Run]],
        more: Sequence[Run] = (),
    ) -> None:
        self.messages = len(decoded_messages)
        self.names: dict[int, str] = {}
        self.addresses: dict[int, str] = {}
        for buffer in {id(message.buffer): message.buffer for message in decoded_messages}.values():
            self.names |= buffer.names
            self.addresses |= buffer.addresses
        self.rejects = [reject for message in decoded_messages for reject in message.rejects]
        self.ignored: Counter[str] = Counter()
        for message in decoded_messages:
            self.ignored.update(message.ignored)
        self._runs = _joined([*(run for message in decoded_messages for run in runs_of(message)), *more])
        self.trades = sum(content.size for kind, content in self._runs if kind == "trades")
        others = (content.size if kind == "quotes" else 1 for kind, content in self._runs if kind != "trades")
        self.accepted = self.trades + sum(others)

    def drain(self) -> list[Run]:
        """Return the runs."""
        return self._runs

    def ignore(self, kind: str) -> None:
        """Count an irrelevant message."""
        self.ignored[kind] += 1


def _joined(runs: list[Run]) -> list[Run]:
    """Join consecutive runs of rows of one kind."""
    joined: list[Run] = []
    for kind, group in groupby(runs, key=lambda run: run[0]):
        contents = [content for _, content in group]
        if kind in ("quotes", "trades"):
            joined.append((kind, concatenated(contents)))
        else:
            joined += [(kind, content) for content in contents]
    return [(kind, content) for kind, content in joined if kind in ("change", "group") or content.size]


def decoded_messages(
    path: Path, rank: int = 0, with_wallets: frozenset[int] = frozenset(), at_most: int = 4_096
) -> Iterator[DecodedMessage]:
    """Decode the messages of a file, in order.

    Parameters
    ----------
    with_wallets
        Tokens whose trades are recorded with wallets; their trades without a wallet are dropped.
    at_most
        Messages to read at a time; does not affect the result.
    """
    decoder, key = PredictionDecoder(), 0
    for messages, damaged, consumed in read_messages(path, at_most=at_most):
        buffer = RowBuffer(path.name, with_wallets=with_wallets)
        for message in messages:
            buffer.begin(*message)
            decoder.decode(message.payload, buffer)
            runs = buffer.drain()
            key = max(key, buffer.received_ns or _first_ns(runs))
            rejects, buffer.rejects = buffer.rejects, []
            ignored, buffer.ignored = buffer.ignored, Counter()
            yield DecodedMessage(
                key, rank, message.position, buffer.received_ns, message.payload, runs, rejects, ignored, buffer
            )
        for reject in damaged:
            yield DecodedMessage(key, rank, reject.position or consumed, 0, b"", [], [reject], {}, buffer)


def merged_messages(
    paths: Sequence[Path], with_wallets: frozenset[int] = frozenset(), at_most: int = 4_096
) -> Iterator[DecodedMessage]:
    """Decode and merge all files, ranked in the given order; duplicates are dropped and counted as ignored.

    A trade is a duplicate if its fingerprint was seen before; any message is one if another file has it with the
    same receive time and bytes, as many times.
    """
    seen, duplicates = _DuplicateMessages(), DuplicateFilter()
    streams = [decoded_messages(path, rank, with_wallets, at_most) for rank, path in enumerate(paths)]
    for message in heapq.merge(*streams, key=lambda each: each[:3]):
        if seen.is_duplicate(message):
            count = sum(rows.size for kind, rows in message.runs if kind == "trades")
            yield message._replace(runs=[], rejects=[], ignored={REPEATED: count} if count else {})
        else:
            yield _without_repeats(message, duplicates)


class _DuplicateMessages:
    """The messages of one key, with the number of occurrences in each file."""

    def __init__(self) -> None:
        self._key = -1
        self._times: dict[tuple[int, bytes], Counter[int]] = {}

    def is_duplicate(self, message: DecodedMessage) -> bool:
        """Whether another file already had it as many times."""
        if message.key != self._key:
            self._key, self._times = message.key, {}
        times = self._times.setdefault((message.received_ns, message.payload), Counter())
        times[message.rank] += 1
        return any(count >= times[message.rank] for rank, count in times.items() if rank != message.rank)


def _without_repeats(message: DecodedMessage, duplicates: DuplicateFilter) -> DecodedMessage:
    runs: list[Run] = []
    repeated = 0
    for kind, content in message.runs:
        if kind == "trades":
            new = [number == NO_ID or duplicates.is_new(number) for number in content["id"].tolist()]
            repeated += new.count(False)
            runs.append((kind, content[new]))
        else:
            runs.append((kind, content))
    if not repeated:
        return message
    return message._replace(runs=runs, ignored=Counter(message.ignored) + Counter({REPEATED: repeated}))


def _first_ns(runs: list[Run]) -> int:
    rows: list[Rows] = [content for kind, content in runs if kind in ("quotes", "trades")]
    return next((int(each["ts"][0]) for each in rows if each.size), 0)
