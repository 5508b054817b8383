"""Trades to closed bars: `roll` through Bytewax with recovery on, and other ways to build bars.

All get the same trades of 1,000 instruments, in time order, in memory before the clock starts, and one core. The
measured time ends when the bars of four timeframes (fold_window: of 1m only) are complete.

Not compared, since only `roll` does it: late, duplicate and missing trades are handled, minutes without trades are
filled, bars are emitted as soon as they close, and the state survives `kill -9`. Polars and DuckDB see the whole input
at once; they keep no state, so the next trade means starting over. fold_window has state and recovery, but takes one
item per trade; it gets fewer trades, since it would take minutes.

    python -m benchmarks.roll [--trades N] [--peer-trades N] [--runs N]
"""

import argparse
from typing import Any

import bytewax.operators as op
import numpy as np
from bytewax.dataflow import Dataflow
from numpy.typing import NDArray

from benchmarks.markets import Ready, shard_log, trades
from benchmarks.report import Table, median_rate, publish
from benchmarks.timing import EPOCH, Count, timed
from domain.frames import parse_frames
from domain.instruments import SHARDS
from flows.shards import shard_of_key
from operators.roll import Roll, RollSettings, roll

INSTRUMENTS = 1_000
MINUTES = 20
FRAMES = parse_frames(("1m", "5m", "15m", "1h"))
TABLE = Table(
    "roll",
    "Trades to closed bars",
    ("case", "trades", "bars", "trades/s per core", "× fold_window"),
    (
        "roll, 4 timeframes, streaming, with recovery",
        "Polars, 4 timeframes, whole input at once",
        "DuckDB, 4 timeframes, whole input at once",
        "Bytewax fold_window, 1m, with recovery",
    ),
)


def run_roll(rows: NDArray[Any]) -> tuple[float, int]:
    """Our roll: seconds, and bars made."""
    flow = Dataflow("roll")
    sink = Count(shard_of_key, SHARDS)
    log = op.input("log", flow, Ready(shard_log(rows, INSTRUMENTS)))
    op.output("count", roll("roll", log, RollSettings(FRAMES)), sink)
    return timed(flow), sink.total


def finest(rows: NDArray[Any]) -> NDArray[Any]:
    """Our bars of the finest frame, by time and instrument: open, high, low, close, volume, trades."""
    made = []
    for part in shard_log(rows, INSTRUMENTS).values():
        machine = Roll(RollSettings(FRAMES))
        made += [each.bars for batch in part for each in machine.on_batch([block for _, block in batch])[0]]
    bars = np.concatenate(made)
    bars = bars[bars["frame"] == 0]
    bars = bars[np.lexsort((bars["instrument"], bars["open_time"]))]
    return np.column_stack([bars[name] for name in ("open", "high", "low", "close", "volume", "trades")])


def main() -> None:
    """Measure and publish the results."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--trades", type=int, default=20_000_000)
    parser.add_argument("--peer-trades", type=int, default=400_000, help="for fold_window (default: %(default)s)")
    parser.add_argument("--runs", type=int, default=3)
    options = parser.parse_args()
    from benchmarks.peers import duckdb, fold_window, polars

    rows = trades(INSTRUMENTS, options.trades, MINUTES)
    few = trades(INSTRUMENTS, options.peer_trades, MINUTES)
    lengths = [frame.length_ns for frame in FRAMES]
    resamplings = (polars.Resampling, duckdb.Resampling)

    run_roll(few)  # compiles, or loads what was compiled
    ours = finest(few)
    for make in resamplings:
        np.testing.assert_allclose(make(few, lengths).finest(), ours, rtol=1e-12)

    told: list[tuple[int, int, float]] = []
    bars = 0

    def seconds(run: Any, given: NDArray[Any]) -> float:
        nonlocal bars
        took, bars = run(given)
        return float(took)

    def measure(run: Any, given: NDArray[Any]) -> None:
        rate = median_rate(lambda: seconds(run, given), given.size, options.runs)
        told.append((given.size, bars, rate))

    measure(run_roll, rows)
    for make in resamplings:
        ready = make(rows, lengths)
        measure(lambda _, ready=ready: ready.run(), rows)  # type: ignore[misc]
        del ready
    measure(fold_window.run, few)
    slowest = told[-1][-1]
    publish(
        TABLE,
        [(what, *each, each[-1] / slowest) for what, each in zip(TABLE.rows, told, strict=True)],
        [
            "Polars and DuckDB hold all trades in memory and do not handle late, duplicate or missing ones",
            "all agree on every 1m bar; of the higher timeframes, Polars and DuckDB also return unfinished bars",
            f"{INSTRUMENTS:,} instruments, one core each, epochs of {EPOCH.seconds} s, medians of {options.runs}",
        ],
    )


if __name__ == "__main__":
    main()
