"""MetricsSink: what went by, for Prometheus. It may lose or repeat a little after a crash, as counters do."""

from bytewax.outputs import DynamicSink, StatelessSinkPartition

from domain.slices import Slice
from flows.metrics import EngineMetrics
from flows.shards import shard_of_key


class MetricsSink(DynamicSink[tuple[str, Slice]]):
    """Shows every Slice to the metrics."""

    def __init__(self, metrics: EngineMetrics) -> None:
        self._metrics = metrics

    def build(self, step_id: str, worker_index: int, worker_count: int) -> "MetricsPartition":  # noqa: ARG002
        """One for each worker."""
        return MetricsPartition(self._metrics)


class MetricsPartition(StatelessSinkPartition[tuple[str, Slice]]):
    """The Slices of one worker."""

    def __init__(self, metrics: EngineMetrics) -> None:
        self._metrics = metrics

    def write_batch(self, items: list[tuple[str, Slice]]) -> None:
        """Count them."""
        for key, each in items:
            self._metrics.observe(shard_of_key(key), each)
