"""Sinks that survive a restart as a file does: what was written after the last snapshot is cut off, then written again.

What they keep is the content of a run: all conclusions of each shard, and what was aligned, as one string
of bytes a kind, however they were cut into batches; and the sums of what was counted.
"""

import os
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Generic, TypeVar

import msgspec
from bytewax.outputs import FixedPartitionedSink, StatefulSinkPartition

from domain.aligned import Aligned
from domain.instruments import SHARDS
from domain.slices import Slice
from flows.shards import shard_of_key
from flows.sinks.tally import ALIGNED, ALIGNED_FAMILIES, FAMILIES
from tests.naive import canonical

COUNTS = ("accepted", "duplicates", "late", "rejects")
T = TypeVar("T", Slice, Aligned)
Record = tuple[str, bytes | int]
_records = msgspec.msgpack.Decoder(Record)


def content(directory: Path) -> dict[str, bytes | int]:
    """All results of a run: "<partition> <kind>" to the bytes, "<partition> <count>" to the sum."""
    found: defaultdict[str, list[Any]] = defaultdict(list)
    for path in sorted(directory.iterdir()):
        rest = path.read_bytes()
        while rest:
            size = 4 + int.from_bytes(rest[:4], "little")
            kind, value = _records.decode(rest[4:size])
            found[f"{path.name} {kind}"].append(value)
            rest = rest[size:]
    return {name: b"".join(values) if isinstance(values[0], bytes) else sum(values) for name, values in found.items()}


class RecordingPartition(StatefulSinkPartition[T, int], Generic[T]):
    """An append-only file; its length is its snapshot."""

    def __init__(self, path: Path, families: Sequence[str], length: int) -> None:
        self.file, self.families = os.open(path, os.O_RDWR | os.O_CREAT), families
        os.ftruncate(self.file, length)
        os.lseek(self.file, length, os.SEEK_SET)

    def write_batch(self, values: list[T]) -> None:
        encoded = [msgspec.msgpack.encode(record) for each in values for record in self.records(each) if record[1]]
        os.write(self.file, b"".join(len(each).to_bytes(4, "little") + each for each in encoded))

    def records(self, each: T) -> list[Record]:
        """The records of an item."""
        kept: list[Record] = [(family, canonical(getattr(each, family))) for family in self.families]
        if isinstance(each, Slice):
            kept += [(name, getattr(each.counts, name)) for name in COUNTS]
        return kept

    def snapshot(self) -> int:
        return os.lseek(self.file, 0, os.SEEK_CUR)

    def close(self) -> None:
        os.close(self.file)


class RecordingSink(FixedPartitionedSink[Slice, int]):
    """Records Slices, one file per shard."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory

    def list_parts(self) -> list[str]:
        return [f"{shard:03d}" for shard in range(SHARDS)]

    def part_fn(self, item_key: str) -> int:
        return shard_of_key(item_key)

    def build_part(self, step_id: str, for_part: str, resume_state: int | None) -> RecordingPartition[Slice]:
        return RecordingPartition(self.directory / for_part, FAMILIES, resume_state or 0)


class AlignedRecordingSink(FixedPartitionedSink[Aligned, int]):
    """Records the aligned results in one file."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory

    def list_parts(self) -> list[str]:
        return [ALIGNED]

    def part_fn(self, item_key: str) -> int:
        return 0

    def build_part(self, step_id: str, for_part: str, resume_state: int | None) -> RecordingPartition[Aligned]:
        return RecordingPartition(self.directory / ALIGNED, ALIGNED_FAMILIES, resume_state or 0)
