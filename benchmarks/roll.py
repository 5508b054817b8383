"""Trades to closed bars through Bytewax, with recovery on: our roll against Bytewax's own fold_window.

Both get the same trades of 1,000 instruments, in order of time, from a source that holds them ready:
ours as blocks a shard, fold_window as (key, trade) items, as its users write it. Ours makes bars of
four frames, with duplicates, late trades and gaps looked after; fold_window makes those of 1m alone.
fold_window gets fewer trades, since it would take minutes; rates are compared.

    python -m benchmarks.roll [--trades N] [--runs N]
"""

import argparse
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import bytewax.operators as op
import numpy as np
from bytewax.dataflow import Dataflow
from bytewax.inputs import FixedPartitionedSource, StatefulSourcePartition
from bytewax.operators import windowing as win
from bytewax.outputs import FixedPartitionedSink, StatefulSinkPartition
from bytewax.recovery import RecoveryConfig, init_db_dir
from bytewax.testing import cluster_main
from numpy.typing import NDArray

from benchmarks.report import median_rate, tell
from domain.blocks import CONTIGUOUS_IDS, TRADE, heartbeats, names_block, trades_block
from domain.clock import MINUTE, SECOND
from domain.frames import parse_frames
from domain.instruments import SHARDS, instrument_id, shard_of
from domain.slices import Slice
from flows.shards import KEYS, shard_of_key
from operators.roll import RollSettings, roll

INSTRUMENTS = 1_000
BLOCK = 16_384
EPOCH = timedelta(seconds=1)
START = 1_704_067_200 * SECOND
FRAMES = parse_frames(("1m", "5m", "15m", "1h"))


def market(count: int, minutes: int) -> tuple[list[str], NDArray[Any]]:
    """Trades of all instruments over some minutes, in order of time."""
    rng = np.random.default_rng(11)
    names = [f"bench:S{number}" for number in range(INSTRUMENTS)]
    rows = np.zeros(count, TRADE)
    rows["ts"] = START + np.sort(rng.integers(0, minutes * MINUTE, count))
    which = rng.integers(0, INSTRUMENTS, count)
    rows["instrument"] = np.array([instrument_id(name) for name in names])[which]
    rows["price"] = np.round(100 * np.exp(np.cumsum(rng.normal(0, 1e-5, count))), 4)
    rows["size"] = np.round(rng.exponential(1, count) + 0.001, 3)
    rows["side"] = rng.choice([-1, 1], count)
    rows["flags"] = CONTIGUOUS_IDS
    order = np.argsort(which, kind="stable")
    starts = np.searchsorted(which[order], np.arange(INSTRUMENTS))
    rows["id"][order] = np.arange(count) - starts[which[order]]
    return names, rows


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


class Count(FixedPartitionedSink[Any, int]):
    """Counts what arrives."""

    def __init__(self, key_to_part: Any, parts: int) -> None:
        self.total = 0
        self._key_to_part, self._parts = key_to_part, parts

    def list_parts(self) -> list[str]:
        return [f"{part:03d}" for part in range(self._parts)]

    def part_fn(self, item_key: str) -> int:
        return int(self._key_to_part(item_key))

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


def timed(flow: Dataflow) -> float:
    """Seconds that the flow takes on one worker with recovery on."""
    with tempfile.TemporaryDirectory() as directory:
        init_db_dir(Path(directory), 1)
        began = time.perf_counter()
        cluster_main(flow, [], 0, epoch_interval=EPOCH, recovery_config=RecoveryConfig(directory, timedelta(0)))
        return time.perf_counter() - began


def run_roll(names: list[str], rows: NDArray[Any]) -> tuple[float, int]:
    """Our roll: seconds, and bars made."""
    shards = rows["instrument"] % SHARDS
    end = int(rows["ts"][-1]) + 2 * SECOND
    parts: dict[str, list[list[Any]]] = {}
    for shard in range(SHARDS):
        mine = rows[shards == shard]
        blocks = [names_block([name for name in names if shard_of(instrument_id(name)) == shard])]
        blocks += [trades_block(mine[at : at + BLOCK]) for at in range(0, mine.size, BLOCK)]
        blocks.append(trades_block(heartbeats([end])))
        parts[f"{shard:03d}"] = [[(KEYS[shard], block)] for block in blocks]
    flow = Dataflow("roll")
    sink = Count(shard_of_key, SHARDS)
    op.output("count", roll("roll", op.input("log", flow, Ready(parts)), RollSettings(FRAMES)), sink)
    return timed(flow), sink.total


def run_fold_window(rows: NDArray[Any]) -> tuple[float, int]:
    """Bytewax's fold_window over the same trades: seconds, and bars made."""
    at = [datetime.fromtimestamp(ts / 1e9, UTC) for ts in rows["ts"].tolist()]
    keys = rows["instrument"].astype(str).tolist()
    values = list(zip(at, rows["price"].tolist(), rows["size"].tolist(), strict=True))
    items = list(zip(keys, values, strict=True))
    batches = [items[first : first + 1_000] for first in range(0, len(items), 1_000)]

    def fold(bar: Any, trade: Any) -> Any:
        _, price, size = trade
        if bar is None:
            return [price, price, price, price, size]
        bar[1], bar[2], bar[3] = max(bar[1], price), min(bar[2], price), price
        bar[4] += size
        return bar

    wait = timedelta(seconds=1)
    clock: Any = win.EventClock(lambda trade: trade[0], wait, to_system_utc=lambda ts: ts + wait)
    windower = win.TumblingWindower(timedelta(minutes=1), datetime.fromtimestamp(START / 1e9, UTC))
    flow = Dataflow("fold_window")
    trades = op.input("trades", flow, Ready({"000": batches}))
    bars = win.fold_window("bars", trades, clock, windower, lambda: None, fold, lambda a, b: a or b, ordered=False)
    sink = Count(lambda key: 0, 1)
    op.output("count", op.map("keyed", bars.down, lambda item: (item[0], item[1])), sink)
    return timed(flow), sink.total


def main() -> None:
    """Measure and tell."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--trades", type=int, default=20_000_000)
    parser.add_argument("--peer-trades", type=int, default=400_000)
    parser.add_argument("--runs", type=int, default=3)
    options = parser.parse_args()
    names, rows = market(options.trades, minutes=20)
    _, few = market(options.peer_trades, minutes=20)
    run_roll(names, few)  # compiles, or loads what was compiled
    bars = 0

    def ours() -> float:
        nonlocal bars
        seconds, bars = run_roll(names, rows)
        return seconds

    rate = median_rate(ours, rows.size, options.runs)
    theirs = median_rate(lambda: run_fold_window(few)[0], few.size, options.runs)
    tell(
        "roll",
        [
            {
                "what": "roll, 4 frames",
                "trades": rows.size,
                "bars": bars,
                "trades/s a core": rate,
                "ratio": rate / theirs,
            },
            {"what": "fold_window, 1m", "trades": few.size, "bars": "", "trades/s a core": theirs, "ratio": 1.0},
        ],
        [f"{INSTRUMENTS} instruments, one worker, recovery on, epochs of {EPOCH.seconds} s, medians of {options.runs}"],
    )


if __name__ == "__main__":
    main()
