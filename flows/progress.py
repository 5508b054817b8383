"""Progress: a source that can be stopped, and whose advance can be watched.

Bytewax has no clean stop and no word for "stuck". A source that ends its partitions when asked gives
the one: state and position are written, and the process ends with status 0. A source that notes when
it was last asked for input, and when its position was last saved, gives the other.
"""

import threading
import time
from typing import Any

from bytewax.inputs import FixedPartitionedSource, StatefulSourcePartition


class Progress:
    """What a watched source shows; times are of the monotonic clock."""

    def __init__(self) -> None:
        self.stopping = threading.Event()
        self.polled_at = self.saved_at = time.monotonic()
        self.polls = 0
        self.epochs = 0

    def poll_age_s(self) -> float:
        """Seconds since the dataflow last asked for input."""
        return time.monotonic() - self.polled_at

    def epoch_age_s(self) -> float:
        """Seconds since an epoch last ended."""
        return time.monotonic() - self.saved_at


class Watched(FixedPartitionedSource[Any, Any]):
    """`source`, with its advance noted in `progress`."""

    def __init__(self, source: FixedPartitionedSource[Any, Any], progress: Progress) -> None:
        self._source, self._progress = source, progress

    def list_parts(self) -> list[str]:
        """Those of the source."""
        return self._source.list_parts()

    def build_part(self, step_id: str, for_part: str, resume_state: Any) -> "WatchedPartition":
        """That of the source, watched."""
        return WatchedPartition(self._source.build_part(step_id, for_part, resume_state), self._progress)


class WatchedPartition(StatefulSourcePartition[Any, Any]):
    """A partition that ends when asked to."""

    def __init__(self, partition: StatefulSourcePartition[Any, Any], progress: Progress) -> None:
        self._partition, self._progress = partition, progress

    def next_batch(self) -> Any:
        """The partition's; StopIteration once stopping."""
        if self._progress.stopping.is_set():
            raise StopIteration
        self._progress.polled_at = time.monotonic()
        self._progress.polls += 1
        return self._partition.next_batch()

    def next_awake(self) -> Any:
        """The partition's."""
        return self._partition.next_awake()

    def snapshot(self) -> Any:
        """The partition's; an epoch ends."""
        self._progress.saved_at = time.monotonic()
        self._progress.epochs += 1
        return self._partition.snapshot()

    def close(self) -> None:
        """The partition's."""
        self._partition.close()
