"""Simulated: a time range of a simulator as a source, with one partition per shard.

The output of a simulator for a time range is a function of its settings and that range alone. So a position is
a time, and a source that resumes there emits the same blocks.
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
"""Version, and the time up to which all blocks were emitted."""


class BlockSimulator(Protocol):
    """A simulator of markets that produces blocks."""

    def opening(self, shard: int, at_ns: int) -> list[bytes]:
        """Blocks with the names and state that a reader starting at `at_ns` needs first."""
        ...

    def blocks(self, shard: int, start_ns: int, end_ns: int) -> list[bytes]:
        """Blocks of the half-open range from `start_ns` to `end_ns`; the last ends with a heartbeat at its end."""
        ...


class SimulatedSource(FixedPartitionedSource[Item, Snapshot]):
    """The output of `simulator` for the time range `span`, in pieces of `piece_ns`."""

    def __init__(self, simulator: BlockSimulator, span: tuple[int, int], piece_ns: int) -> None:
        self._simulator, self._span, self._piece_ns = simulator, span, piece_ns

    def list_parts(self) -> list[str]:
        """Implement the Bytewax interface."""
        return [f"{shard:03d}" for shard in range(SHARDS)]

    def build_part(
        self,
        step_id: str,  # noqa: ARG002
        for_part: str,
        resume_state: Snapshot | None,
    ) -> "SimulatedPartition":
        """Implement the Bytewax interface."""
        return SimulatedPartition(self._simulator, int(for_part), self._span, self._piece_ns, resume_state)


class SimulatedPartition(StatefulSourcePartition[Item, Snapshot]):
    """One shard; each batch covers one piece of time."""

    def __init__(
        self, simulator: BlockSimulator, shard: int, span: tuple[int, int], piece_ns: int, resume: Snapshot | None
    ) -> None:
        self._simulator, self._shard, self._piece_ns = simulator, shard, piece_ns
        self._start_ns, self._end_ns = span
        version, self._at_ns = resume or (VERSION, self._start_ns)
        if version != VERSION or not self._start_ns <= self._at_ns <= self._end_ns:
            raise RecoveryError(
                f"the recovery store is of version {version} at {iso(self._at_ns)}, and this is version {VERSION} from "
                f"{iso(self._start_ns)} to {iso(self._end_ns)}; use the same settings or a new recovery directory"
            )

    def next_batch(self) -> list[Item]:
        """Implement the Bytewax interface."""
        if self._at_ns == self._end_ns:
            raise StopIteration
        start_ns = self._at_ns
        self._at_ns = min(self._end_ns, (start_ns // self._piece_ns + 1) * self._piece_ns)
        blocks = self._simulator.opening(self._shard, start_ns) if start_ns == self._start_ns else []
        blocks += self._simulator.blocks(self._shard, start_ns, self._at_ns)
        return [(shard_key(self._shard), block) for block in blocks]

    def snapshot(self) -> Snapshot:
        """Implement the Bytewax interface."""
        return VERSION, self._at_ns
