"""Progress: stop a dataflow cleanly, and measure whether it advances.

Bytewax has no graceful shutdown and does not report a stalled dataflow. A source that ends its partitions on
request gives the first: state and position are saved, and the process exits with status 0. A source that
records when it was last polled, and when its position was last saved, gives the second.
"""

import threading
import time
from typing import Any

from bytewax.inputs import FixedPartitionedSource, StatefulSourcePartition


class Progress:
    """State shared with a monitored source; times are of the monotonic clock."""

    def __init__(self) -> None:
        self.stopping = threading.Event()
        self.polled_at = self.saved_at = time.monotonic()
        self.polls = 0
        self.epochs = 0

    def poll_age_s(self) -> float:
        """Seconds since the dataflow last polled for input."""
        return time.monotonic() - self.polled_at

    def epoch_age_s(self) -> float:
        """Seconds since an epoch last ended."""
        return time.monotonic() - self.saved_at


class MonitoredSource(FixedPartitionedSource[Any, Any]):
    """Wraps `source` and records its polls and snapshots in `progress`."""

    def __init__(self, source: FixedPartitionedSource[Any, Any], progress: Progress) -> None:
        self._source, self._progress = source, progress

    def list_parts(self) -> list[str]:
        """The partitions of the source."""
        return self._source.list_parts()

    def build_part(self, step_id: str, for_part: str, resume_state: Any) -> "MonitoredPartition":
        """The partition of the source, monitored."""
        return MonitoredPartition(self._source.build_part(step_id, for_part, resume_state), self._progress)


class MonitoredPartition(StatefulSourcePartition[Any, Any]):
    """A partition that ends when `progress.stopping` is set."""

    def __init__(self, partition: StatefulSourcePartition[Any, Any], progress: Progress) -> None:
        self._partition, self._progress = partition, progress

    def next_batch(self) -> Any:
        """The next batch; raises StopIteration once stopping."""
        if self._progress.stopping.is_set():
            raise StopIteration
        self._progress.polled_at = time.monotonic()
        self._progress.polls += 1
        return self._partition.next_batch()

    def next_awake(self) -> Any:
        """When the partition wants to be polled next."""
        return self._partition.next_awake()

    def snapshot(self) -> Any:
        """The partition's snapshot; Bytewax takes one at the end of each epoch."""
        self._progress.saved_at = time.monotonic()
        self._progress.epochs += 1
        return self._partition.snapshot()

    def close(self) -> None:
        """Close the partition."""
        self._partition.close()
