"""The time that a flow takes on one worker with recovery on, and a sink that only counts."""

import tempfile
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

from bytewax.dataflow import Dataflow
from bytewax.outputs import FixedPartitionedSink, StatefulSinkPartition

from domain.slices import Slice
from flows import cluster

EPOCH = timedelta(seconds=1)


def timed(flow: Dataflow, *, epoch: timedelta = EPOCH) -> float:
    """Seconds that the flow takes on one worker with recovery on."""
    with tempfile.TemporaryDirectory() as name:
        cluster.make_recovery(Path(name), 1)
        began = time.perf_counter()
        cluster.run(flow, epoch=epoch, recovery=Path(name))
        return time.perf_counter() - began


class Count(FixedPartitionedSink[Any, int]):
    """Counts the bars in Slices, and whatever else arrives as one each."""

    def __init__(self, key_to_part: Callable[[str], int], parts: int) -> None:
        self.total = 0
        self._key_to_part, self._parts = key_to_part, parts

    def list_parts(self) -> list[str]:
        return [f"{part:03d}" for part in range(self._parts)]

    def part_fn(self, item_key: str) -> int:
        return self._key_to_part(item_key)

    def build_part(self, step_id: str, for_part: str, resume_state: int | None) -> "CountPart":
        return CountPart(self)


class CountPart(StatefulSinkPartition[Any, int]):
    """One partition."""

    def __init__(self, sink: Count) -> None:
        self._sink = sink

    def write_batch(self, values: list[Any]) -> None:
        self._sink.total += sum(value.bars.size if isinstance(value, Slice) else 1 for value in values)

    def snapshot(self) -> int:
        return 0
