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
from bytewax.dataflow import Dataflow
from bytewax.operators import windowing as win
from bytewax.outputs import FixedPartitionedSink, StatefulSinkPartition
from bytewax.recovery import RecoveryConfig, init_db_dir
from bytewax.testing import cluster_main
from numpy.typing import NDArray

from benchmarks.markets import START, Ready, shard_log, trades
from benchmarks.report import median_rate, tell
from domain.frames import parse_frames
from domain.instruments import SHARDS
from domain.slices import Slice
from flows.shards import shard_of_key
from operators.roll import RollSettings, roll

INSTRUMENTS = 1_000
MINUTES = 20
EPOCH = timedelta(seconds=1)
FRAMES = parse_frames(("1m", "5m", "15m", "1h"))


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


def run_roll(rows: NDArray[Any]) -> tuple[float, int]:
    """Our roll: seconds, and bars made."""
    flow = Dataflow("roll")
    sink = Count(shard_of_key, SHARDS)
    log = op.input("log", flow, Ready(shard_log(rows, INSTRUMENTS)))
    op.output("count", roll("roll", log, RollSettings(FRAMES)), sink)
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
    stream = op.input("trades", flow, Ready({"000": batches}))
    bars = win.fold_window("bars", stream, clock, windower, lambda: None, fold, lambda a, b: a or b, ordered=False)
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
    rows = trades(INSTRUMENTS, options.trades, MINUTES)
    few = trades(INSTRUMENTS, options.peer_trades, MINUTES)
    run_roll(few)  # compiles, or loads what was compiled
    bars = 0

    def ours() -> float:
        nonlocal bars
        seconds, bars = run_roll(rows)
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
