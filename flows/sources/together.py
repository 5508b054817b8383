"""Together: sources of the same partitions as one input, so that their epochs end at the same time.

Bytewax (0.21.1) counts the length of an epoch for each input by itself, and no input goes on before all of them have
ended theirs. Two inputs drift apart, and whichever ends first stands still until the other does: seen with both logs
of the engine, 100 ms of every 250.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import bytewax.operators as op
from bytewax.inputs import FixedPartitionedSource, StatefulSourcePartition
from bytewax.operators import KeyedStream

Said = tuple[str, tuple[str, bytes]]
"""Shard key, the name of the source, and a block."""
Positions = dict[str, Any]
"""By the name of the source."""


class Together(FixedPartitionedSource[Said, Positions]):
    """Several sources as one; `of` takes them apart again.

    Parameters
    ----------
    sources
        By name; all have the same partitions.
    """

    def __init__(self, sources: Mapping[str, FixedPartitionedSource[tuple[str, bytes], Any]]) -> None:
        self._sources = dict(sources)

    def list_parts(self) -> list[str]:
        """Those that all have."""
        parts = {name: source.list_parts() for name, source in self._sources.items()}
        first = next(iter(parts.values()))
        if any(each != first for each in parts.values()):
            raise ValueError(f"sources that are read together need the same partitions, and these have {parts}")
        return first

    def build_part(self, step_id: str, for_part: str, resume_state: Positions | None) -> "TogetherPartition":
        """Those of that name of all sources."""
        resume = resume_state or {}
        return TogetherPartition(
            {name: source.build_part(step_id, for_part, resume.get(name)) for name, source in self._sources.items()}
        )


class TogetherPartition(StatefulSourcePartition[Said, Positions]):
    """Partitions that are asked one after the other; it ends with the last of them."""

    def __init__(self, partitions: dict[str, StatefulSourcePartition[tuple[str, bytes], Any]]) -> None:
        self._partitions = partitions
        self._going = dict(partitions)

    def next_batch(self) -> list[Said]:
        """What each has now."""
        said: list[Said] = []
        for name, partition in list(self._going.items()):
            try:
                said += [(key, (name, block)) for key, block in partition.next_batch()]
            except StopIteration:
                del self._going[name]
        if not self._going and not said:
            raise StopIteration
        return said

    def next_awake(self) -> datetime | None:
        """When the first of them wants to be asked."""
        wanted = [partition.next_awake() for partition in self._going.values()]
        return min((at for at in wanted if at is not None), default=None) if None not in wanted else None

    def snapshot(self) -> Positions:
        """Where each stands."""
        return {name: partition.snapshot() for name, partition in self._partitions.items()}

    def close(self) -> None:
        """All of them."""
        for partition in self._partitions.values():
            partition.close()


def of(name: str, stream: KeyedStream[tuple[str, bytes]]) -> KeyedStream[bytes]:
    """What the source of that name said."""

    def theirs(said: Said) -> tuple[str, bytes] | None:
        key, (whose, block) = said
        return (key, block) if whose == name else None

    return op.filter_map(f"of_{name}", stream, theirs)
