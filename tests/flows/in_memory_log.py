"""A log in memory: a source over 24 shards that resumes where it stopped."""

from typing import Any

import numpy as np
from bytewax.inputs import FixedPartitionedSource, StatefulSourcePartition
from numpy.typing import NDArray

from domain.blocks import TRADE, bars_block, heartbeats, names_block, trades_block
from domain.instruments import SHARDS, instrument_id, shard_of
from flows.shards import shard_key


class InMemoryLog(FixedPartitionedSource[tuple[str, bytes], int]):
    """One partition per shard, `batch` rows per block."""

    def __init__(self, rows: NDArray[Any], names: list[str], batch: int, end_ns: int) -> None:
        make = trades_block if rows.dtype == TRADE else bars_block
        shards = rows["instrument"] % SHARDS
        self.blocks: list[list[bytes]] = []
        for shard in range(SHARDS):
            mine = rows[shards == shard]
            ours = [name for name in names if shard_of(instrument_id(name)) == shard]
            blocks = [names_block(ours)] if ours else []
            blocks += [make(mine[at : at + batch]) for at in range(0, mine.size, batch)]
            self.blocks.append([*blocks, trades_block(heartbeats(np.array([end_ns])))])

    def list_parts(self) -> list[str]:
        return [f"{shard:03d}" for shard in range(SHARDS)]

    def build_part(self, step_id: str, for_part: str, resume_state: int | None) -> "InMemoryPartition":
        return InMemoryPartition(int(for_part), self.blocks[int(for_part)], resume_state or 0)


class InMemoryPartition(StatefulSourcePartition[tuple[str, bytes], int]):
    def __init__(self, shard: int, blocks: list[bytes], at: int) -> None:
        self.key, self.blocks, self.at = shard_key(shard), blocks, at

    def next_batch(self) -> list[tuple[str, bytes]]:
        if self.at == len(self.blocks):
            raise StopIteration
        self.at += 1
        return [(self.key, self.blocks[self.at - 1])]

    def snapshot(self) -> int:
        return self.at
