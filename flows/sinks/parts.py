"""Parts: into which partitions a sink divides what it takes; their names are storage keys."""

from typing import ClassVar, TypeVar

from bytewax.outputs import FixedPartitionedSink

from domain.instruments import SHARDS
from flows.shards import shard_of_key

X = TypeVar("X")
S = TypeVar("S")


class OnePart(FixedPartitionedSink[X, S]):
    """A sink with one partition: there is one order, or one connection.

    Attributes
    ----------
    part
        Its name.
    """

    part: ClassVar[str] = "all"

    def list_parts(self) -> list[str]:
        """The only partition."""
        return [self.part]

    def part_fn(self, item_key: str) -> int:  # noqa: ARG002
        """The only partition."""
        return 0


class PartPerShard(FixedPartitionedSink[X, S]):
    """A sink with a partition for each shard, named by its three digits; keys are those of shards."""

    def list_parts(self) -> list[str]:
        """One partition a shard."""
        return [f"{shard:03d}" for shard in range(SHARDS)]

    def part_fn(self, item_key: str) -> int:
        """The partition of a shard's key."""
        return shard_of_key(item_key)
