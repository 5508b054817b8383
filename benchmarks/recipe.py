"""The full dataflow on one core: bars, features, events, candidates and outcomes, aligned and related.

Dense trades of 1,000 instruments, and 1m bars of 200 instruments, from an in-memory source, through the same dataflow
as a replay, into three outputs: a counter, which leaves only the engine's own work; the digest; Parquet and the
digest.

    python -m benchmarks.recipe [--trades N] [--bars N] [--runs N]
"""

import argparse
import statistics
import tempfile
import time
from datetime import timedelta
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from benchmarks.markets import Counting, Ready, bars, shard_log, trades
from benchmarks.report import Table, publish
from domain.blocks import TRADE
from domain.instruments import SHARDS
from flows import cluster
from flows.settings import EngineSettings
from flows.shards import shard_of_key
from flows.signals import recipe, vocabulary
from flows.sinks.aligned_parquet import AlignedParquetSink
from flows.sinks.parquet import ParquetSink
from flows.sinks.tally import AlignedTallySink, TallySink, write_empty_tallies
from operators.catalogue import catalogue
from operators.warm import warm

EPOCH = timedelta(seconds=1)
OUTPUTS = ("counted", "digest", "Parquet and digest")
INPUTS = ("dense trades", "1m bars")
TABLE = Table(
    "recipe",
    "Full dataflow",
    ("input, output", "rows", "rows/s per core", "bars", "events", "signals"),
    tuple(f"{what}, {out}" for what in INPUTS for out in OUTPUTS),
)
TABLES = ("bars", "features", "events", "candidates", "outcomes")


def run(rows: NDArray[Any], instruments: int, out: str) -> tuple[float, dict[str, int]]:
    """Seconds that the recipe takes into one of `OUTPUTS`, and the rows that it concluded."""
    from_bars = rows.dtype != TRADE
    settings = EngineSettings(lateness_s=0.0 if from_bars else 1.0, reference_symbol="S0")
    words = vocabulary(settings)
    log = Ready(shard_log(rows, instruments))
    counting = Counting([f"{shard:03d}" for shard in range(SHARDS)], shard_of_key, TABLES)
    with tempfile.TemporaryDirectory() as name:
        directory = Path(name)
        (directory / "tally").mkdir()
        write_empty_tallies(directory / "tally", words)
        sinks: dict[str, Any] = {"counting": counting}
        together: dict[str, Any] = {"together": Counting(["all"], lambda _: 0, ("bars", "relations"))}
        if out != "counted":
            sinks["digest"] = TallySink(directory / "tally", words)
            together["aligned"] = AlignedTallySink(directory / "tally")
        if out == "Parquet and digest":
            sinks["parquet"] = ParquetSink(directory, words)
            together["parquet_together"] = AlignedParquetSink(directory, words)
        flow = recipe(log, sinks, settings, aligned_sinks=together, from_bars=from_bars)
        began = time.perf_counter()
        cluster.run(flow, epoch=EPOCH)
        return time.perf_counter() - began, counting.rows


def main() -> None:
    """Measure and publish the results."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--trades", type=int, default=20_000_000)
    parser.add_argument("--bars", type=int, default=1_000_000)
    parser.add_argument("--runs", type=int, default=3)
    options = parser.parse_args()
    warm()
    rows: list[list[Any]] = []
    inputs = ((trades(1_000, options.trades, 20), 1_000), (bars(200, options.bars // 200), 200))
    for what, (made, instruments) in zip(INPUTS, inputs, strict=True):
        run(made, instruments, "counted")  # the first run meets memory that the machine has yet to give
        for out in OUTPUTS:
            done = [run(made, instruments, out) for _ in range(options.runs)]
            concluded = done[0][1]
            rate = statistics.median(made.size / seconds for seconds, _ in done)
            counts = (concluded["bars"], concluded["events"], concluded["candidates"])
            rows.append([f"{what}, {out}", made.size, rate, *counts])
    ideas = catalogue()
    notes = [
        f"{len(ideas.features)} features, {len(ideas.detectors)} detectors, {len(ideas.strategies)} strategies",
        "counted: rows are counted and not written; digest: a hash to compare runs; Parquet: all tables as files",
        "all shards aligned and related to a reference; signals include suppressed ones",
        f"4 timeframes, one worker, no recovery, medians of {options.runs}",
    ]
    publish(TABLE, rows, notes)


if __name__ == "__main__":
    main()
