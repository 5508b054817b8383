"""Metrics sinks: update Prometheus metrics from results. Counters may count some items twice after a crash."""

from collections.abc import Callable
from typing import Generic, TypeVar

from bytewax.outputs import StatefulSinkPartition

from domain.slices import Slice
from domain.vocabulary import Vocabulary
from flows.metrics import EngineMetrics
from flows.sinks.partitions import PartitionPerShardSink, SinglePartitionSink

T = TypeVar("T")


class MetricsSink(PartitionPerShardSink[Slice, None]):
    """Counts every Slice of a branch in the metrics."""

    def __init__(self, metrics: EngineMetrics, vocabulary: Vocabulary) -> None:
        self._metrics, self._vocabulary = metrics, vocabulary

    def build_part(self, step_id: str, for_part: str, resume_state: None) -> "CallbackPartition[Slice]":  # noqa: ARG002
        """Create the partition of one shard; counters start at 0 in every process."""
        shard = int(for_part)
        return CallbackPartition(lambda given: self._metrics.observe_slice(shard, given, self._vocabulary))


class CallbackSink(SinglePartitionSink[T, None], Generic[T]):
    """Calls `callback` with every item."""

    def __init__(self, callback: Callable[[T], None]) -> None:
        self._callback = callback

    def build_part(self, step_id: str, for_part: str, resume_state: None) -> "CallbackPartition[T]":  # noqa: ARG002
        """Create the partition; counters start at 0 in every process."""
        return CallbackPartition(self._callback)


class CallbackPartition(StatefulSinkPartition[T, None], Generic[T]):
    """Calls `callback` with every item."""

    def __init__(self, callback: Callable[[T], None]) -> None:
        self._callback = callback

    def write_batch(self, values: list[T]) -> None:
        """Call `callback` with each value."""
        for each in values:
            self._callback(each)

    def snapshot(self) -> None:
        """Return no state: counters live in the process."""
