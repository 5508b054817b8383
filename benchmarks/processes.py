"""Two worker processes against one: the full dataflow, as in a replay.

The same rows, in memory before the clock starts, into a digest: once through one process, once through two that form a
cluster over loopback, and once through two independent ones with half of the shards each. The last is what the machine
can give at that moment; the difference to the cluster is our overhead. The chain of a shard runs on the worker of that
shard; only `align`, which puts the results of all shards in one order, and the steps after it run on a single worker.
The live flow leaves them out if nothing consumes their results; a replay includes them. Bars therefore run with and
without them.

Not included: process start, imports and compilation, since the processes stay up for one run after another. Time is
from the first read to the last write of any of them.

    python -m benchmarks.processes [--trades N] [--bars N] [--runs N]
"""

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

from benchmarks.markets import Ready, ReadyPart, bars, shard_log, trades
from benchmarks.report import Table, publish
from benchmarks.timing import Count, CountPart
from domain.instruments import SHARDS
from flows import cluster
from flows.replay_processes import free_addresses
from flows.settings import EngineSettings
from flows.shards import shard_of_key
from flows.signals import recipe, vocabulary
from flows.sinks.tally import AlignedTallySink, TallySink
from operators.warm import warm

INSTRUMENTS = 1_000
EPOCH = timedelta(milliseconds=100)
ONE, TWO, APART = "one process", "two processes", "two independent processes"
WAYS = {
    "dense trades": (ONE, TWO, APART),
    "1m bars": (ONE, TWO, APART),
    "1m bars, aligned": (ONE, TWO),  # with half of the shards nothing is ever released
}
TABLE = Table(
    "processes",
    "Two worker processes against one",
    ("case", "rows", "rows/s", "× one process", "min", "max"),
    tuple(f"{what}, {way}" for what, ways in WAYS.items() for way in ways),
)
Log = dict[str, list[list[Any]]]


class Clocked(Ready):
    """Some shards of a log, and when the first of them was read."""

    def __init__(self, parts: Log, shards: range) -> None:
        super().__init__({name: batches if int(name) in shards else [] for name, batches in parts.items()})
        self.first_ns: list[int] = []

    def build_part(self, step_id: str, for_part: str, resume_state: int | None) -> ReadyPart:
        self.first_ns.append(time.monotonic_ns())
        return super().build_part(step_id, for_part, resume_state)


class Last(Count):
    """Counts, and knows when the last item was written."""

    last_ns = 0

    def build_part(self, step_id: str, for_part: str, resume_state: int | None) -> "LastPart":
        return LastPart(self)


class LastPart(CountPart):
    """One partition."""

    def write_batch(self, values: list[Any]) -> None:
        Last.last_ns = time.monotonic_ns()


def run(parts: Log, what: str, *, addresses: list[str], number: int, shards: range) -> tuple[int, int]:
    """The instants of the first read and of the last write of one worker."""
    aligned, from_bars = "aligned" in what, "bars" in what
    settings = EngineSettings(lateness_s=0.0) if from_bars else EngineSettings()
    log, words = Clocked(parts, shards), vocabulary(settings)
    with tempfile.TemporaryDirectory() as name:
        sinks: dict[str, Any] = {"digest": TallySink(Path(name), words), "last": Last(shard_of_key, SHARDS)}
        together: dict[str, Any] = {"aligned_digest": AlignedTallySink(Path(name)), "late": Last(lambda key: 0, 1)}
        flow = recipe(log, sinks, settings, aligned_sinks=together if aligned else None, from_bars=from_bars)
        cluster.run(flow, epoch=EPOCH, addresses=addresses, number=number)
    return min(log.first_ns), Last.last_ns


def serve(what: str, count: int) -> None:
    """Be a worker: make the rows, then run whatever a line on standard input asks for, and answer."""
    made = bars(INSTRUMENTS, count // INSTRUMENTS) if "bars" in what else trades(INSTRUMENTS, count, 20)
    parts = shard_log(made, INSTRUMENTS)
    warm()
    print(json.dumps([made.size, [sum(made["instrument"] % SHARDS % 2 == half) for half in (0, 1)]], default=int))
    del made
    sys.stdout.flush()
    for line in sys.stdin:
        addresses, number, shards = json.loads(line)
        print(json.dumps(run(parts, what, addresses=addresses, number=number, shards=range(*shards))))
        sys.stdout.flush()


@contextmanager
def workers(what: str, count: int) -> Iterator[list[subprocess.Popen[str]]]:
    """Two workers that wait for what they are asked."""
    command = [sys.executable, "-m", "benchmarks.processes", "--serve", what, str(count)]
    both = [
        subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1) for _ in "12"
    ]
    try:
        yield both
    finally:
        for each in both:
            each.communicate()


def seconds(asked: list[tuple[subprocess.Popen[str], Any]]) -> float:
    """Ask workers to run at the same time; from the first read to the last write of any."""
    for worker, order in asked:
        assert worker.stdin
        worker.stdin.write(json.dumps(order) + "\n")
        worker.stdin.flush()
    spans = [json.loads(_line(worker)) for worker, _ in asked]
    return (max(last for _, last in spans) - min(first for first, _ in spans)) / 1e9


def _line(worker: subprocess.Popen[str]) -> str:
    assert worker.stdout
    # Timely prints there too, when its processes have met.
    return next(line for line in worker.stdout if line.startswith("["))


def measure(what: str, count: int, runs: int) -> tuple[int, float, list[list[float]]]:
    """Rows, the busier worker's share of them, and seconds: ways by runs."""
    with workers(what, count) as (one, other):
        (size, halves), _ = (json.loads(_line(each)) for each in (one, other))
        every, even, odd = (0, SHARDS), (0, SHARDS, 2), (1, SHARDS, 2)
        took: dict[str, list[float]] = {way: [] for way in WAYS[what]}
        for _ in range(runs + 1):  # the first is not counted
            addresses = free_addresses(2)
            asked = {
                ONE: [(one, ([], 0, every))],
                TWO: [(one, (addresses, 0, every)), (other, (addresses, 1, every))],
                APART: [(one, ([], 0, even)), (other, ([], 0, odd))],
            }
            for way, times in took.items():
                times.append(seconds(asked[way]))
    return size, max(halves) / size, [times[1:] for times in took.values()]


def main() -> None:
    """Measure and publish the results."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--trades", type=int, default=32_000_000)
    parser.add_argument("--bars", type=int, default=1_000_000)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--serve", nargs=2, metavar=("WHAT", "ROWS"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.serve:
        serve(options.serve[0], int(options.serve[1]))
        return
    told: list[tuple[Any, ...]] = []
    shares = []
    for what in WAYS:
        size, share, took = measure(what, options.bars if "bars" in what else options.trades, options.runs)
        shares.append(share)
        for each in took:
            ratios = [alone / together for alone, together in zip(took[0], each, strict=True)]
            told.append((size, size / statistics.median(each), statistics.median(ratios), min(ratios), max(ratios)))
    publish(
        TABLE,
        [(what, *each) for what, each in zip(TABLE.rows, told, strict=True)],
        [
            f"{INSTRUMENTS:,} instruments; the busier worker has {max(shares):.0%} of the rows",
            f"epochs of {EPOCH.microseconds // 1000} ms, medians of {options.runs}, in turns",
        ],
    )


if __name__ == "__main__":
    main()
