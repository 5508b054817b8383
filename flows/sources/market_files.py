"""Market files: recordings of prediction markets as a source of books, trades and market metadata.

A single partition reads all files and emits blocks for every shard. It resumes by reading the files again from
the start, since decoding depends on all earlier messages: books, sequence numbers, duplicate trades.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import islice
from pathlib import Path

import msgspec
from bytewax.inputs import FixedPartitionedSource, StatefulSourcePartition

from domain.blocks import heartbeats, read_block, trades_block
from domain.errors import RecoveryError
from domain.markets import Group
from domain.pairs import Pair
from flows.shards import KEYS
from flows.sources.limit import RejectLimit
from flows.sources.market_messages import DecodedMessage, MessageBatch, merged_messages
from flows.sources.market_split import MarketSplit
from flows.sources.market_survey import Survey, survey
from flows.sources.split import Item
from flows.venues.row_buffer import REPEATED, Run

VERSION = 1
PARTITION = "market_files"
MESSAGES = 4_096
"""Messages per batch; affects the size of blocks only, not the rows."""

Snapshot = tuple[int, tuple[tuple[str, int], ...], int]
"""Version; path and size of each file; number of batches emitted."""


class MessageCounts(msgspec.Struct):
    """Counts of the messages in recordings.

    Attributes
    ----------
    messages
        All messages.
    trades, repeated
        Accepted trades, and duplicates that were dropped.
    ignored, rejected
        Irrelevant messages by type, and rejects by reason.
    """

    messages: int = 0
    trades: int = 0
    repeated: int = 0
    ignored: dict[str, int] = {}
    rejected: dict[str, int] = {}


@dataclass
class MarketFiles:
    """Recordings of prediction markets.

    Attributes
    ----------
    paths
        Files, in any order.
    end_ns, rejected_share_max
        See `flows.sources.files.files`.
    pairs
        Pairs of the mapping file (`domain.pairs.read_pairs`).
    at_most
        Messages per batch.
    """

    paths: Sequence[Path]
    end_ns: int | None = None
    rejected_share_max: float = 0.01
    pairs: Sequence[Pair] = ()
    at_most: int = MESSAGES

    @cached_property
    def survey(self) -> Survey:
        """Facts needed before decoding; reads all files."""
        return survey(self.paths, self.at_most)

    def decoded_messages(self) -> Iterator[DecodedMessage]:
        """All messages, decoded and in order."""
        return merged_messages(self.survey.paths, self.survey.with_wallets, self.at_most)

    def source(self, counts_path: Path | None = None) -> "MarketFilesSource":
        """The source for the dataflow; at its end it writes its `MessageCounts` to `counts_path`."""
        return MarketFilesSource(self, counts_path)


class MarketFilesSource(FixedPartitionedSource[Item, Snapshot]):
    """All the files, as one partition."""

    def __init__(self, opened: MarketFiles, counts_path: Path | None) -> None:
        self._opened, self._counts_path = opened, counts_path

    def list_parts(self) -> list[str]:
        """Implement the Bytewax interface."""
        return [PARTITION]

    def build_part(self, step_id: str, for_part: str, resume_state: Snapshot | None) -> "MarketFilesPartition":  # noqa: ARG002
        """Implement the Bytewax interface."""
        return MarketFilesPartition(self._opened, self._counts_path, resume_state)


class MarketFilesPartition(StatefulSourcePartition[Item, Snapshot]):
    """Emits the blocks of one batch of messages at a time.

    Raises
    ------
    RecoveryError
        If the snapshot was taken of other files.
    RejectLimitError
        While reading, if too large a share of the input is rejected.
    """

    def __init__(self, opened: MarketFiles, counts_path: Path | None = None, resume: Snapshot | None = None) -> None:
        self._files = tuple((str(path), path.stat().st_size) for path in opened.survey.paths)
        self._counts_path, self._end_ns, self._at_most = counts_path, opened.end_ns, opened.at_most
        self._counts = MessageCounts()
        self._limit = RejectLimit(opened.rejected_share_max)
        self._split = MarketSplit(pairs=opened.pairs)
        self._final_groups: dict[str, Group] = {}
        self._messages = opened.decoded_messages()
        self._done, self._ended = 0, False
        version, files, done = resume or (VERSION, self._files, 0)
        if (version, files) != (VERSION, self._files):
            raise RecoveryError(
                "the recovery store was written while reading other files, or by another version; "
                "use the same files, unchanged, or a new recovery directory"
            )
        for _ in range(done):
            self.next_batch()

    def next_batch(self) -> list[Item]:
        """Implement the Bytewax interface."""
        if self._ended:
            raise StopIteration
        self._done += 1
        batch = list(islice(self._messages, self._at_most))
        return self._items_of(MessageBatch(batch, self._as_open)) if batch else self._end()

    def snapshot(self) -> Snapshot:
        """Implement the Bytewax interface."""
        return VERSION, self._files, self._done

    def _as_open(self, message: DecodedMessage) -> list[Run]:
        """The runs of a message; markets in a message without a time count as open until the end of the input."""
        if message.received_ns:
            return message.runs
        return [(kind, self._reopened(content) if kind == "group" else content) for kind, content in message.runs]

    def _reopened(self, group: Group) -> Group:
        markets = tuple(msgspec.structs.replace(each, status="open", winner="") for each in group.markets)
        opened = msgspec.structs.replace(group, markets=markets)
        if opened != group:
            self._final_groups[group.name] = group
        return opened

    def _items_of(self, batch: MessageBatch) -> list[Item]:
        self._limit.count(batch.accepted, batch.rejects)
        items = self._split.items(batch)
        blocks = (read_block(block) for _, block in items[:1])
        rejected = Counter(reject.reason for kind, rejects in blocks if kind == "rejects" for reject in rejects)
        repeated = batch.ignored.pop(REPEATED, 0)
        counts = self._counts
        counts.messages += batch.messages
        counts.trades += batch.trades
        counts.repeated += repeated
        counts.ignored = dict(Counter(counts.ignored) + batch.ignored)
        counts.rejected = dict(Counter(counts.rejected) + rejected)
        return items

    def _end(self) -> list[Item]:
        self._ended = True
        self._limit.check()
        final: list[Run] = [("group", group) for group in self._final_groups.values()]
        items = self._items_of(MessageBatch([], lambda _: [], final)) + self._split.end()
        if self._end_ns is not None and self._end_ns > self._split.newest_ns:
            items += [(key, trades_block(heartbeats([self._end_ns]))) for key in KEYS]
        if self._counts_path is not None:
            self._counts_path.write_bytes(msgspec.json.encode(self._counts, order="sorted"))
        return items
