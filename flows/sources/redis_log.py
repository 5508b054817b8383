"""The Redis log of a branch as a source: 24 partitions, one per shard's stream, read without blocking.

The position of a partition is the id of the last entry that it emitted, stored in Bytewax's recovery state.
The first `next_batch` after a `snapshot` means that this snapshot is durable (Bytewax 0.21.1, `inputs.rs`: a
source is polled again only when the probe has passed the epoch). Only then are older entries trimmed from the
stream, except for the newest few.

All partitions of a worker share one reader, so that an idle worker polls Redis once for all of them.
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
"""Entries to keep before the durable position, for inspection. In addition to entries that are not durable yet,
the log holds at most twice as many; collectors pause well above that."""
AT_ONCE = 256
"""Entries of each shard in one read."""
IDLE_S = 0.01
"""Polling interval of an idle reader, in seconds."""
BACKOFF_S = (0.05, 5.0)
"""Seconds to wait after the first failure of Redis, and at most."""
_ENCODERS = {"trades": trades_block, "quotes": quotes_block}

Item = tuple[str, bytes]
Snapshot = tuple[int, str]
"""Version and the id of the last entry that was emitted."""


class RedisLog(FixedPartitionedSource[Item, Snapshot]):
    """The log in the Redis or Valkey at `url`.

    Parameters
    ----------
    url
        Its address. It may be unavailable at any time, also at the start: the source waits for it.
    branch
        The branch whose streams are read.
    keep
        Entries of each shard to keep before the durable position.
    """

    def __init__(self, url: str, branch: Branch = INSTRUMENTS, *, keep: int = KEEP) -> None:
        self._url, self._branch = url, branch
        self._keep = keep
        self._of_worker = threading.local()  # a worker is a thread

    def list_parts(self) -> list[str]:
        """One partition per shard, in shard order, so that partition and shard key are on the same worker."""
        return [f"{shard:03d}" for shard in range(SHARDS)]

    def build_part(self, step_id: str, for_part: str, resume_state: Snapshot | None) -> "LogPartition":  # noqa: ARG002
        """Implement the Bytewax interface."""
        if not hasattr(self._of_worker, "reader"):
            self._of_worker.reader = _Reader(self._url, self._branch)
        return LogPartition(int(for_part), self._of_worker.reader, self._keep, resume_state)


class LogPartition(StatefulSourcePartition[Item, Snapshot]):
    """One shard's stream.

    Raises
    ------
    RecoveryError
        If the snapshot is of another version, or, when reading begins, if the log no longer holds
        the entries after it.
    """

    def __init__(self, shard: int, reader: "_Reader", keep: int, resume: Snapshot | None) -> None:
        version, self._position = resume or (VERSION, log.START)
        if version != VERSION:
            raise RecoveryError(
                f"the recovery store has log positions of version {version}, and this is version {VERSION}; "
                f"start over with 'signalengine reset'"
            )
        self._shard, self._reader, self._keep = shard, reader, keep
        self._since_snapshot: list[str] = []  # entry ids emitted since the last snapshot
        self._in_snapshot: list[str] = []  # entry ids in the last snapshot, until it is known to be durable
        self._durable: deque[str] = deque(maxlen=keep + 1)
        self._untrimmed = 0
        reader.join(shard, self._position)

    def next_batch(self) -> list[Item]:
        """Implement the Bytewax interface."""
        if self._in_snapshot:
            self._trim()
        entries = self._reader.take(self._shard)
        if not entries:
            return []
        self._position = entries[-1][0]
        self._since_snapshot += [name for name, _ in entries]
        key = shard_key(self._shard)
        return [(key, block) for block in coalesced([block for _, entry in entries for block in unbundled(entry)])]

    def next_awake(self) -> datetime | None:
        """Implement the Bytewax interface."""
        wait_s = self._reader.wait_s(self._shard)
        return datetime.now(UTC) + timedelta(seconds=wait_s) if wait_s > 0.0 else None

    def snapshot(self) -> Snapshot:
        """Implement the Bytewax interface."""
        self._in_snapshot += self._since_snapshot
        self._since_snapshot = []
        return VERSION, self._position

    def close(self) -> None:
        """Implement the Bytewax interface."""
        self._reader.leave(self._shard)

    def _trim(self) -> None:
        """Mark the last snapshot as durable, and trim entries that are far enough before it."""
        self._durable.extend(self._in_snapshot)
        self._untrimmed += len(self._in_snapshot)
        self._in_snapshot = []
        if self._untrimmed >= max(1, self._keep) and self._reader.trim(self._shard, self._durable[0]):
            self._untrimmed = 0


class _Reader:
    """Reads all shards of one worker with single requests."""

    def __init__(self, url: str, branch: Branch) -> None:
        self._client, self._branch = connect(url), branch
        self._positions: dict[int, str] = {}
        self._unchecked: dict[int, str] = {}
        self._buffers: dict[int, list[tuple[str, bytes]]] = {}
        self._read_at = time.monotonic()
        self._backoff_s = BACKOFF_S[0]

    def join(self, shard: int, position: str) -> None:
        self._positions[shard] = self._unchecked[shard] = position

    def leave(self, shard: int) -> None:
        for known in (self._positions, self._unchecked, self._buffers):
            known.pop(shard, None)
        if not self._positions:
            self._client.close()

    def take(self, shard: int) -> list[tuple[str, bytes]]:
        """The next entries of a shard; if there are none and the interval has passed, reads those of all shards."""
        if shard not in self._buffers and time.monotonic() >= self._read_at:
            try:
                self._read()
            except ServiceError:
                self._read_at = time.monotonic() + self._backoff_s
                self._backoff_s = min(2 * self._backoff_s, BACKOFF_S[1])
        return self._buffers.pop(shard, [])

    def wait_s(self, shard: int) -> float:
        """Seconds until a shard may have entries."""
        return 0.0 if shard in self._buffers else self._read_at - time.monotonic()

    def trim(self, shard: int, before: str) -> bool:
        """Trim the entries of a shard before `before`; return whether it succeeded."""
        try:
            log.trim(self._client, shard, before, self._branch)
        except ServiceError:
            return False
        return True

    def _read(self) -> None:
        while self._unchecked:
            shard, position = next(iter(self._unchecked.items()))
            log.check_resume(self._client, shard, position, self._branch)
            del self._unchecked[shard]
        # Shards with entries that were not consumed yet are not read further.
        idle = {shard: position for shard, position in self._positions.items() if shard not in self._buffers}
        new = log.read_many(self._client, idle, AT_ONCE, self._branch)
        self._buffers |= new
        self._positions |= {shard: entries[-1][0] for shard, entries in new.items()}
        self._read_at = time.monotonic() + (0.0 if new else IDLE_S)
        self._backoff_s = BACKOFF_S[0]


def coalesced(blocks: Sequence[bytes]) -> list[bytes]:
    """Join each run of trades or quotes into one block: few large items are faster than many small ones."""
    result: list[bytes] = []
    for kind, run in groupby(map(_decoded, blocks), key=lambda decoded: decoded[0]):
        contents = [content for _, content in run]
        result += [_ENCODERS[kind](concatenated(contents))] if kind in _ENCODERS else contents
    return result


def _decoded(block: bytes) -> tuple[str, Any]:
    """The kind of a block, and its rows if that kind is joined, else the block itself."""
    kind, content = read_block(block)
    return kind, content if kind in _ENCODERS else block
