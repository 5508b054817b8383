"""Market files: recordings of prediction markets as a source of blocks, books, trades and markets alike.

One partition reads all files and hands on blocks for every shard. It resumes by reading again what it had
read, since what stands in a recording depends on all before it: books, numbers of messages, repeated trades.
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
from flows.sources.market_moments import Gathered, Moment, merged
from flows.sources.market_split import MarketSplit
from flows.sources.market_survey import Survey, survey
from flows.sources.split import Item
from flows.venues.intake import REPEATED, Run

VERSION = 1
PARTITION = "market_files"
MESSAGES = 4_096
"""Read and handed on at a time; decides the size of blocks, and no row."""

Snapshot = tuple[int, tuple[tuple[str, int], ...], int]
"""Version; path and size of each file; batches handed on."""


class MessageCounts(msgspec.Struct):
    """What was in recordings beside what the log says of them.

    Attributes
    ----------
    messages
        All of them.
    trades, repeated
        Trades that were taken, and those left out since they were told before.
    ignored, rejected
        Messages that say nothing to us by type, and what cannot be used by its reason.
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
        In any order.
    end_ns, rejected_share_max
        See `flows.sources.files.files`.
    pairs
        Those of the mapping file (`domain.pairs.read_pairs`).
    at_most
        Messages to a batch.
    """

    paths: Sequence[Path]
    end_ns: int | None = None
    rejected_share_max: float = 0.01
    pairs: Sequence[Pair] = ()
    at_most: int = MESSAGES

    @cached_property
    def survey(self) -> Survey:
        """What had to be known beforehand; reads all files."""
        return survey(self.paths, self.at_most)

    def moments(self) -> Iterator[Moment]:
        """What all messages say, in their order."""
        return merged(self.survey.paths, self.survey.with_wallets, self.at_most)

    def source(self, note: Path | None = None) -> "MarketFilesSource":
        """The source for the dataflow; `note` is where it writes down what it heard once it is at its end."""
        return MarketFilesSource(self, note)


class MarketFilesSource(FixedPartitionedSource[Item, Snapshot]):
    """All the files, as one partition."""

    def __init__(self, opened: MarketFiles, note: Path | None) -> None:
        self._opened, self._note = opened, note

    def list_parts(self) -> list[str]:
        """See Bytewax."""
        return [PARTITION]

    def build_part(self, step_id: str, for_part: str, resume_state: Snapshot | None) -> "MarketFilesPartition":  # noqa: ARG002
        """See Bytewax."""
        return MarketFilesPartition(self._opened, self._note, resume_state)


class MarketFilesPartition(StatefulSourcePartition[Item, Snapshot]):
    """Hands on a batch of messages at a time.

    Raises
    ------
    RecoveryError
        If the snapshot is of other files.
    RejectLimitError
        While reading, if too large a share of what was read is rejected.
    """

    def __init__(self, opened: MarketFiles, note: Path | None = None, resume: Snapshot | None = None) -> None:
        self._files = tuple((str(path), path.stat().st_size) for path in opened.survey.paths)
        self._note, self._end_ns, self._at_most = note, opened.end_ns, opened.at_most
        self._heard = MessageCounts()
        self._limit = RejectLimit(opened.rejected_share_max)
        self._split = MarketSplit(pairs=opened.pairs)
        self._became: dict[str, Group] = {}
        self._moments = opened.moments()
        self._done, self._ended = 0, False
        version, files, done = resume or (VERSION, self._files, 0)
        if (version, files) != (VERSION, self._files):
            raise RecoveryError(
                "the recovery store was written while reading other files, or by another version; "
                "give the same files, unchanged, or a new recovery folder"
            )
        for _ in range(done):
            self.next_batch()

    def next_batch(self) -> list[Item]:
        """See Bytewax."""
        if self._ended:
            raise StopIteration
        self._done += 1
        batch = list(islice(self._moments, self._at_most))
        return self._hand_on(Gathered(batch, self._as_told)) if batch else self._end()

    def snapshot(self) -> Snapshot:
        """See Bytewax."""
        return VERSION, self._files, self._done

    def _as_told(self, moment: Moment) -> list[Run]:
        """Markets of which nobody says as of when they are told are open, until the end of all."""
        if moment.received_ns:
            return moment.runs
        return [(kind, self._opened(content) if kind == "group" else content) for kind, content in moment.runs]

    def _opened(self, group: Group) -> Group:
        markets = tuple(msgspec.structs.replace(each, status="open", winner="") for each in group.markets)
        opened = msgspec.structs.replace(group, markets=markets)
        if opened != group:
            self._became[group.name] = group
        return opened

    def _hand_on(self, gathered: Gathered) -> list[Item]:
        self._limit.count(gathered.taken, gathered.rejects)
        items = self._split.items(gathered)
        told = (read_block(block) for _, block in items[:1])
        rejected = Counter(reject.reason for kind, rejects in told if kind == "rejects" for reject in rejects)
        repeated = gathered.ignored.pop(REPEATED, 0)
        heard = self._heard
        heard.messages += gathered.messages
        heard.trades += gathered.trades
        heard.repeated += repeated
        heard.ignored = dict(Counter(heard.ignored) + gathered.ignored)
        heard.rejected = dict(Counter(heard.rejected) + rejected)
        return items

    def _end(self) -> list[Item]:
        self._ended = True
        self._limit.check()
        became: list[Run] = [("group", group) for group in self._became.values()]
        items = self._hand_on(Gathered([], lambda _: [], became)) + self._split.end()
        if self._end_ns is not None and self._end_ns > self._split.newest_ns:
            items += [(key, trades_block(heartbeats([self._end_ns]))) for key in KEYS]
        if self._note is not None:
            self._note.write_bytes(msgspec.json.encode(self._heard, order="sorted"))
        return items
