"""Markets made for measuring, and a source that holds them ready."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from bytewax.inputs import FixedPartitionedSource, StatefulSourcePartition
from bytewax.outputs import FixedPartitionedSink, StatefulSinkPartition
from numpy.typing import NDArray

from domain.blocks import CONTIGUOUS_IDS, TRADE, bars_block, heartbeats, names_block, trades_block
from domain.clock import MINUTE, SECOND
from domain.instruments import SHARDS, instrument_id, shard_of
from domain.slices import BAR
from flows.shards import KEYS

START = 1_704_067_200 * SECOND
BLOCK = 16_384
"""Rows in a block of a shard, on average."""


def names(count: int) -> list[str]:
    """Names of instruments."""
    return [f"bench:S{number}" for number in range(count)]


def trades(instruments: int, count: int, minutes: int) -> NDArray[Any]:
    """Trades of all instruments over some minutes, in order of time, ids contiguous."""
    rng = np.random.default_rng(11)
    rows = np.zeros(count, TRADE)
    rows["ts"] = START + np.sort(rng.integers(0, minutes * MINUTE, count))
    which = rng.integers(0, instruments, count)
    rows["instrument"] = np.array([instrument_id(name) for name in names(instruments)])[which]
    rows["price"] = np.round(100 * np.exp(np.cumsum(rng.normal(0, 1e-5, count))), 4)
    rows["size"] = np.round(rng.exponential(1, count) + 0.001, 3)
    rows["side"] = rng.choice([-1, 1], count)
    rows["flags"] = CONTIGUOUS_IDS
    order = np.argsort(which, kind="stable")
    starts = np.searchsorted(which[order], np.arange(instruments))
    rows["id"][order] = np.arange(count) - starts[which[order]]
    return rows


def bars(instruments: int, minutes: int) -> NDArray[Any]:
    """Closed 1m bars of all instruments, in order of time, with changing volatility and volume."""
    rng = np.random.default_rng(12)
    out = np.zeros((minutes, instruments), BAR)
    scale = np.repeat(rng.choice([3e-4, 1e-3, 2.5e-3], (minutes // 60 + 1, instruments)), 60, axis=0)[:minutes]
    close = 100 * np.exp(np.cumsum(scale * rng.standard_normal((minutes, instruments)), axis=0))
    out["close"], out["open"] = close, np.concatenate([np.full((1, instruments), 100.0), close[:-1]])
    spread = scale * close * rng.random((minutes, instruments))
    out["high"] = np.maximum(out["open"], close) + spread
    out["low"] = np.minimum(out["open"], close) - spread
    out["volume"] = np.exp(rng.normal(3, 1, (minutes, instruments)))
    out["quote_volume"], out["buy_volume"] = out["volume"] * close, out["volume"] * rng.random((minutes, instruments))
    out["trades"], out["largest"] = 50, out["volume"] / 10
    out["instrument"] = np.array([instrument_id(name) for name in names(instruments)])
    out["open_time"] = (START + np.arange(minutes) * MINUTE)[:, None]
    out["close_time"] = out["open_time"] + MINUTE
    return out.reshape(-1)


def shard_log(rows: NDArray[Any], instruments: int) -> dict[str, list[list[Any]]]:
    """Rows as a log that is ready: partition to batches of (key, block), cut at the same rows in all shards."""
    make = trades_block if rows.dtype == TRADE else bars_block
    shards = rows["instrument"] % SHARDS
    beat = trades_block(heartbeats([int(rows["ts" if rows.dtype == TRADE else "close_time"][-1]) + 2 * SECOND]))
    parts: dict[str, list[list[Any]]] = {}
    for shard in range(SHARDS):
        mine = np.flatnonzero(shards == shard)
        ours = [name for name in names(instruments) if shard_of(instrument_id(name)) == shard]
        cuts = np.searchsorted(mine, np.arange(BLOCK * SHARDS, rows.size, BLOCK * SHARDS))
        blocks = [names_block(ours)] if ours else []
        blocks += [make(rows.take(part)) for part in np.split(mine, cuts)]
        parts[f"{shard:03d}"] = [[(KEYS[shard], block)] for block in [*blocks, beat]]
    return parts


class Ready(FixedPartitionedSource[Any, int]):
    """Partitions of items that were made before the clock started."""

    def __init__(self, parts: dict[str, list[list[Any]]]) -> None:
        self._parts = parts

    def list_parts(self) -> list[str]:
        return list(self._parts)

    def build_part(self, step_id: str, for_part: str, resume_state: int | None) -> "ReadyPart":
        return ReadyPart(self._parts[for_part], resume_state or 0)


class ReadyPart(StatefulSourcePartition[Any, int]):
    """One partition."""

    def __init__(self, batches: list[list[Any]], at: int) -> None:
        self._batches, self._at = batches, at

    def next_batch(self) -> list[Any]:
        if self._at == len(self._batches):
            raise StopIteration
        self._at += 1
        return self._batches[self._at - 1]

    def snapshot(self) -> int:
        return self._at


class Counting(FixedPartitionedSink[Any, None]):
    """Counts the rows of every family and writes them nowhere: what is left is the engine's own work."""

    def __init__(self, parts: list[str], part_of: Callable[[str], int], families: Sequence[str]) -> None:
        self._parts, self._part_of = parts, part_of
        self.rows = dict.fromkeys(families, 0)

    def list_parts(self) -> list[str]:
        return self._parts

    def part_fn(self, item_key: str) -> int:
        return self._part_of(item_key)

    def build_part(self, step_id: str, for_part: str, resume_state: None) -> "CountingPart":
        return CountingPart(self.rows)


class CountingPart(StatefulSinkPartition[Any, None]):
    """One partition; all count together."""

    def __init__(self, rows: dict[str, int]) -> None:
        self._rows = rows

    def write_batch(self, values: list[Any]) -> None:
        for each in values:
            for family in self._rows:
                self._rows[family] += getattr(each, family).shape[-1]

    def snapshot(self) -> None:
        return None
