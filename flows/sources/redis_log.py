"""The Redis log of a branch as a source: 24 partitions, each a shard's stream, read without ever waiting.

The position of a partition is the id of the last entry that it handed on; it lives in Bytewax's
recovery and comes back from there. A first `next_batch` after `snapshot` means that this snapshot is
durable (Bytewax 0.21.1, `inputs.rs`: a source is asked again only when the probe has passed the
epoch). Only then are the entries before it forgotten, but for the newest few.

All partitions of a worker share one reader, so that an idle worker asks Redis once for all of them.
"""

import threading
import time
from collections import deque
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from itertools import groupby
from typing import Any

from bytewax.inputs import FixedPartitionedSource, StatefulSourcePartition

from domain.blocks import quotes_block, read_block, trades_block, unbundled
from domain.branches import INSTRUMENTS, Branch
from domain.errors import RecoveryError, ServiceError
from domain.instruments import SHARDS
from domain.rows import concatenated
from flows.shards import shard_key
from store import log
from store.redis_server import connect

VERSION = 1
KEEP = 50
"""Entries that are kept behind the durable position, for whoever looks. The log holds twice as many at
most beside those that are not durable yet; collectors wait well above that."""
AT_ONCE = 256
"""Entries of each shard in one read."""
IDLE_S = 0.01
"""An idle reader asks so often."""
BACKOFF_S = (0.05, 5.0)
"""How long to wait after a first and after many failures of Redis."""
_JOINED = {"trades": trades_block, "quotes": quotes_block}

Item = tuple[str, bytes]
Snapshot = tuple[int, str]
"""Version and the id of the last entry that was handed on."""


class RedisLog(FixedPartitionedSource[Item, Snapshot]):
    """The log in the Redis or Valkey at `url`.

    Parameters
    ----------
    url
        Its address. It may be away at the start and at any time: the source waits for it.
    branch
        Whose streams to read.
    keep
        Entries of each shard to keep behind the durable position.
    """

    def __init__(self, url: str, branch: Branch = INSTRUMENTS, *, keep: int = KEEP) -> None:
        self._url, self._branch = url, branch
        self._keep = keep
        self._of_worker = threading.local()  # a worker is a thread

    def list_parts(self) -> list[str]:
        """See Bytewax. Sorted as shards, so that partition and shard key meet on one worker."""
        return [f"{shard:03d}" for shard in range(SHARDS)]

    def build_part(self, step_id: str, for_part: str, resume_state: Snapshot | None) -> "LogPartition":  # noqa: ARG002
        """See Bytewax."""
        if not hasattr(self._of_worker, "reader"):
            self._of_worker.reader = _Reader(self._url, self._branch)
        return LogPartition(int(for_part), self._of_worker.reader, self._keep, resume_state)


class LogPartition(StatefulSourcePartition[Item, Snapshot]):
    """One shard's stream.

    Raises
    ------
    RecoveryError
        If the snapshot is of another version, or, when reading begins, if the log no longer holds
        what came after it.
    """

    def __init__(self, shard: int, reader: "_Reader", keep: int, resume: Snapshot | None) -> None:
        version, self._position = resume or (VERSION, log.START)
        if version != VERSION:
            raise RecoveryError(
                f"the recovery store knows positions in the log of version {version}, and this is version {VERSION}; "
                f"begin anew with 'signalengine reset'"
            )
        self._shard, self._reader, self._keep = shard, reader, keep
        self._passed: list[str] = []  # since the last snapshot
        self._snapped: list[str] = []  # and those in it, until it is known to be durable
        self._durable: deque[str] = deque(maxlen=keep + 1)
        self._untrimmed = 0
        reader.join(shard, self._position)

    def next_batch(self) -> list[Item]:
        """See Bytewax."""
        if self._snapped:
            self._forget()
        entries = self._reader.take(self._shard)
        if not entries:
            return []
        self._position = entries[-1][0]
        self._passed += [name for name, _ in entries]
        key = shard_key(self._shard)
        return [(key, block) for block in joined([block for _, entry in entries for block in unbundled(entry)])]

    def next_awake(self) -> datetime | None:
        """See Bytewax."""
        wait_s = self._reader.wait_s(self._shard)
        return datetime.now(UTC) + timedelta(seconds=wait_s) if wait_s > 0.0 else None

    def snapshot(self) -> Snapshot:
        """See Bytewax."""
        self._snapped += self._passed
        self._passed = []
        return VERSION, self._position

    def close(self) -> None:
        """See Bytewax."""
        self._reader.leave(self._shard)

    def _forget(self) -> None:
        """What was in the last snapshot is durable now; trim what lies far enough behind."""
        self._durable.extend(self._snapped)
        self._untrimmed += len(self._snapped)
        self._snapped = []
        if self._untrimmed >= max(1, self._keep) and self._reader.trim(self._shard, self._durable[0]):
            self._untrimmed = 0


class _Reader:
    """Reads the shards of one worker in one go."""

    def __init__(self, url: str, branch: Branch) -> None:
        self._client, self._branch = connect(url), branch
        self._positions: dict[int, str] = {}
        self._unchecked: dict[int, str] = {}
        self._waiting: dict[int, list[tuple[str, bytes]]] = {}
        self._ask_at = time.monotonic()
        self._backoff_s = BACKOFF_S[0]

    def join(self, shard: int, position: str) -> None:
        self._positions[shard] = self._unchecked[shard] = position

    def leave(self, shard: int) -> None:
        for known in (self._positions, self._unchecked, self._waiting):
            known.pop(shard, None)
        if not self._positions:
            self._client.close()

    def take(self, shard: int) -> list[tuple[str, bytes]]:
        """The next entries of a shard; asks for those of all shards when there are none and it is time."""
        if shard not in self._waiting and time.monotonic() >= self._ask_at:
            try:
                self._ask()
            except ServiceError:
                self._ask_at = time.monotonic() + self._backoff_s
                self._backoff_s = min(2 * self._backoff_s, BACKOFF_S[1])
        return self._waiting.pop(shard, [])

    def wait_s(self, shard: int) -> float:
        """Seconds until there can be something for a shard."""
        return 0.0 if shard in self._waiting else self._ask_at - time.monotonic()

    def trim(self, shard: int, before: str) -> bool:
        """Whether the entries of a shard before `before` could be forgotten."""
        try:
            log.trim(self._client, shard, before, self._branch)
        except ServiceError:
            return False
        return True

    def _ask(self) -> None:
        while self._unchecked:
            shard, position = next(iter(self._unchecked.items()))
            log.check_resume(self._client, shard, position, self._branch)
            del self._unchecked[shard]
        # Shards whose entries wait to be taken are not read ahead of.
        free = {shard: position for shard, position in self._positions.items() if shard not in self._waiting}
        found = log.read_many(self._client, free, AT_ONCE, self._branch)
        self._waiting |= found
        self._positions |= {shard: entries[-1][0] for shard, entries in found.items()}
        self._ask_at = time.monotonic() + (0.0 if found else IDLE_S)
        self._backoff_s = BACKOFF_S[0]


def joined(blocks: Sequence[bytes]) -> list[bytes]:
    """The blocks with each run of trades, or of quotes, made one: few large items travel faster than many small."""
    found: list[bytes] = []
    for kind, run in groupby(map(_opened, blocks), key=lambda opened: opened[0]):
        contents = [content for _, content in run]
        found += [_JOINED[kind](concatenated(contents))] if kind in _JOINED else contents
    return found


def _opened(block: bytes) -> tuple[str, Any]:
    """The kind of a block, and its rows if such are joined, or else the block."""
    kind, content = read_block(block)
    return kind, content if kind in _JOINED else block
