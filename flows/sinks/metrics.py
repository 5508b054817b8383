"""MetricsSink: what went by, for Prometheus. It may repeat a little after a crash, as counters do."""

from bytewax.outputs import FixedPartitionedSink, StatefulSinkPartition

from domain.aligned import Aligned
from domain.instruments import SHARDS
from domain.slices import Slice
from flows.metrics import EngineMetrics
from flows.shards import shard_of_key


class MetricsSink(FixedPartitionedSink[Slice, None]):
    """Shows every Slice to the metrics."""

    def __init__(self, metrics: EngineMetrics) -> None:
        self._metrics = metrics

    def list_parts(self) -> list[str]:
        """One partition a shard."""
        return [f"{shard:03d}" for shard in range(SHARDS)]

    def part_fn(self, item_key: str) -> int:
        """The partition of a shard's key."""
        return shard_of_key(item_key)

    def build_part(self, step_id: str, for_part: str, resume_state: None) -> "MetricsPartition":  # noqa: ARG002
        """The counters of one shard; they begin at nothing, as those of every new process do."""
        return MetricsPartition(int(for_part), self._metrics)


class MetricsPartition(StatefulSinkPartition[Slice, None]):
    """The Slices of one shard."""

    def __init__(self, shard: int, metrics: EngineMetrics) -> None:
        self._shard, self._metrics = shard, metrics

    def write_batch(self, values: list[Slice]) -> None:
        """Count them."""
        for each in values:
            self._metrics.observe(self._shard, each)

    def snapshot(self) -> None:
        """Nothing."""


class DecisionMetricsSink(FixedPartitionedSink[Aligned, None]):
    """Shows what all shards decided to the metrics."""

    def __init__(self, metrics: EngineMetrics) -> None:
        self._metrics = metrics

    def list_parts(self) -> list[str]:
        """One: there is one order."""
        return ["all"]

    def part_fn(self, item_key: str) -> int:  # noqa: ARG002
        """The only partition."""
        return 0

    def build_part(self, step_id: str, for_part: str, resume_state: None) -> "DecisionMetricsPartition":  # noqa: ARG002
        """The counters; they begin at nothing, as those of every new process do."""
        return DecisionMetricsPartition(self._metrics)


class DecisionMetricsPartition(StatefulSinkPartition[Aligned, None]):
    """All decisions."""

    def __init__(self, metrics: EngineMetrics) -> None:
        self._metrics = metrics

    def write_batch(self, values: list[Aligned]) -> None:
        """Count them."""
        for each in values:
            self._metrics.decide(each)

    def snapshot(self) -> None:
        """Nothing."""
