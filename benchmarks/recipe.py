"""The whole recipe on one core: bars, features, events, candidates, outcomes, and Parquet out.

Dense trades of 1,000 instruments, and 1m bars of 200 instruments, from a source that holds them
ready, through the very dataflow that runs live, into Parquet and the digest.

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

from benchmarks.markets import Ready, bars, shard_log, trades
from benchmarks.report import tell
from domain.blocks import TRADE
from flows import cluster
from flows.settings import EngineSettings
from flows.signals import recipe, vocabulary
from flows.sinks.parquet import ParquetSink
from flows.sinks.relations import RelationsSink
from flows.sinks.tally import AlignedTallySink, TallySink, begin_tally, read_tally
from operators.catalogue import catalogue
from operators.warm import warm

EPOCH = timedelta(seconds=1)


def run(rows: NDArray[Any], instruments: int, *, parquet: bool) -> tuple[float, Any]:
    """Seconds that the recipe takes, and what it concluded."""
    from_bars = rows.dtype != TRADE
    settings = EngineSettings(lateness_s=0.0) if from_bars else EngineSettings()
    words = vocabulary(settings)
    parts = shard_log(rows, instruments)
    with tempfile.TemporaryDirectory() as name:
        directory = Path(name)
        (directory / "tally").mkdir()
        begin_tally(directory / "tally", words)
        sinks: dict[str, Any] = {"digest": TallySink(directory / "tally", words)}
        together: dict[str, Any] = {"aligned": AlignedTallySink(directory / "tally")}
        if parquet:
            sinks["parquet"] = ParquetSink(directory, words)
            together["relations"] = RelationsSink(directory, words)
        flow = recipe(Ready(parts), sinks, settings, aligned_sinks=together, from_bars=from_bars)
        began = time.perf_counter()
        cluster.run(flow, epoch=EPOCH)
        return time.perf_counter() - began, read_tally(directory / "tally")


def main() -> None:
    """Measure and tell."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--trades", type=int, default=20_000_000)
    parser.add_argument("--bars", type=int, default=1_000_000)
    parser.add_argument("--runs", type=int, default=3)
    options = parser.parse_args()
    warm()
    rows = []
    for what, made, instruments in (
        ("dense trades", trades(1_000, options.trades, 20), 1_000),
        ("1m bars", bars(200, options.bars // 200), 200),
    ):
        for parquet in (False, True):
            done = [run(made, instruments, parquet=parquet) for _ in range(options.runs)]
            tally = done[0][1]
            rows.append(
                {
                    "input": what,
                    "out": "Parquet and digest" if parquet else "digest",
                    "rows": made.size,
                    "rows/s a core": statistics.median(made.size / seconds for seconds, _ in done),
                    "bars": sum(tally.bars.values()),
                    "events": tally.events,
                    "signals": tally.signals,
                }
            )
    ideas = catalogue()
    notes = [f"{len(ideas.features)} features, {len(ideas.detectors)} detectors, {len(ideas.strategies)} strategies"]
    tell("recipe", rows, [*notes, f"one worker, 4 frames, medians of {options.runs}"])


if __name__ == "__main__":
    main()
