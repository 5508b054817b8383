"""Partitions: how a sink partitions its items. Partition names are storage keys of the recovery state."""

from typing import ClassVar, TypeVar

from bytewax.outputs import FixedPartitionedSink

from domain.instruments import SHARDS
from flows.shards import shard_of_key

X = TypeVar("X")
S = TypeVar("S")


class SinglePartitionSink(FixedPartitionedSink[X, S]):
    """A sink with one partition, where there is one global order or one connection.

    Attributes
    ----------
    partition
        Name of the partition.
    """

    partition: ClassVar[str] = "all"

    def list_parts(self) -> list[str]:
        """The name of the only partition."""
        return [self.partition]

    def part_fn(self, item_key: str) -> int:  # noqa: ARG002
        """Index of the only partition."""
        return 0


class PartitionPerShardSink(FixedPartitionedSink[X, S]):
    """A sink with a partition per shard, named by the shard as three digits; items have shard keys."""

    def list_parts(self) -> list[str]:
        """One partition name per shard."""
        return [f"{shard:03d}" for shard in range(SHARDS)]

    def part_fn(self, item_key: str) -> int:
        """Index of the partition of a shard key."""
        return shard_of_key(item_key)
