"""Metrics sinks: what went by, for Prometheus. They may repeat a little after a crash, as counters do."""

from collections.abc import Callable
from typing import Generic, TypeVar

from bytewax.outputs import StatefulSinkPartition

from domain.slices import Slice
from domain.vocabulary import Vocabulary
from flows.metrics import EngineMetrics
from flows.sinks.parts import OnePart, PartPerShard

T = TypeVar("T")


class MetricsSink(PartPerShard[Slice, None]):
    """Shows every Slice of a branch to the metrics."""

    def __init__(self, metrics: EngineMetrics, vocabulary: Vocabulary) -> None:
        self._metrics, self._vocabulary = metrics, vocabulary

    def build_part(self, step_id: str, for_part: str, resume_state: None) -> "CountPartition[Slice]":  # noqa: ARG002
        """The counters of one shard; they begin at nothing, as those of every new process do."""
        shard = int(for_part)
        return CountPartition(lambda given: self._metrics.observe(shard, given, self._vocabulary))


class CountSink(OnePart[T, None], Generic[T]):
    """Shows every item to `count`."""

    def __init__(self, count: Callable[[T], None]) -> None:
        self._count = count

    def build_part(self, step_id: str, for_part: str, resume_state: None) -> "CountPartition[T]":  # noqa: ARG002
        """The counters; they begin at nothing, as those of every new process do."""
        return CountPartition(self._count)


class CountPartition(StatefulSinkPartition[T, None], Generic[T]):
    """What goes by."""

    def __init__(self, count: Callable[[T], None]) -> None:
        self._count = count

    def write_batch(self, values: list[T]) -> None:
        """Count them."""
        for each in values:
            self._count(each)

    def snapshot(self) -> None:
        """Nothing."""
