"""Simulated: a stretch of a simulator's time, as a source with a partition a shard.

What a simulator tells of a stretch of time is a function of its settings and of that stretch alone. So
a position is a time, and whoever resumes there is told the very same.
"""

from typing import Protocol

from bytewax.inputs import FixedPartitionedSource, StatefulSourcePartition

from domain.clock import iso
from domain.errors import RecoveryError
from domain.instruments import SHARDS
from flows.shards import shard_key

VERSION = 1

Item = tuple[str, bytes]
Snapshot = tuple[int, int]
"""Version, and the time up to which all was handed on."""


class Simulates(Protocol):
    """What tells of a simulated market."""

    def opening(self, shard: int, at_ns: int) -> list[bytes]:
        """What a reader who begins at `at_ns` has to know first, as blocks."""
        ...

    def blocks(self, shard: int, start_ns: int, end_ns: int) -> list[bytes]:
        """All from `start_ns` to just before `end_ns`, as blocks; the last ends with a heartbeat there."""
        ...


class SimulatedSource(FixedPartitionedSource[Item, Snapshot]):
    """What `simulator` tells of the `span`, in pieces of `piece_ns`."""

    def __init__(self, simulator: Simulates, span: tuple[int, int], piece_ns: int) -> None:
        self._simulator, self._span, self._piece_ns = simulator, span, piece_ns

    def list_parts(self) -> list[str]:
        """See Bytewax."""
        return [f"{shard:03d}" for shard in range(SHARDS)]

    def build_part(
        self,
        step_id: str,  # noqa: ARG002
        for_part: str,
        resume_state: Snapshot | None,
    ) -> "SimulatedPartition":
        """See Bytewax."""
        return SimulatedPartition(self._simulator, int(for_part), self._span, self._piece_ns, resume_state)


class SimulatedPartition(StatefulSourcePartition[Item, Snapshot]):
    """One shard, a piece of time at once."""

    def __init__(
        self, simulator: Simulates, shard: int, span: tuple[int, int], piece_ns: int, resume: Snapshot | None
    ) -> None:
        self._simulator, self._shard, self._piece_ns = simulator, shard, piece_ns
        self._start_ns, self._end_ns = span
        version, self._at_ns = resume or (VERSION, self._start_ns)
        if version != VERSION or not self._start_ns <= self._at_ns <= self._end_ns:
            raise RecoveryError(
                f"the recovery store is of version {version} at {iso(self._at_ns)}, and this is version {VERSION} from "
                f"{iso(self._start_ns)} to {iso(self._end_ns)}; give the same settings or a new recovery folder"
            )

    def next_batch(self) -> list[Item]:
        """See Bytewax."""
        if self._at_ns == self._end_ns:
            raise StopIteration
        start_ns = self._at_ns
        self._at_ns = min(self._end_ns, (start_ns // self._piece_ns + 1) * self._piece_ns)
        blocks = self._simulator.opening(self._shard, start_ns) if start_ns == self._start_ns else []
        blocks += self._simulator.blocks(self._shard, start_ns, self._at_ns)
        return [(shard_key(self._shard), block) for block in blocks]

    def snapshot(self) -> Snapshot:
        """See Bytewax."""
        return VERSION, self._at_ns
