"""Resident memory over a long run of trades through the full dataflow: flat, or there is a leak.

Trades of 1,000 instruments, generated while the flow runs, one worker, recovery on, at full speed. The memory of the
process is sampled twice a second. The slope is that of a least-squares line through the second half of the samples,
when every instrument has its state and every buffer its size.

    python -m benchmarks.memory [--trades N | --full]          --full: 100 M trades
"""

import argparse
import threading
import time
from datetime import timedelta
from typing import Any

import numpy as np
import psutil
from bytewax.inputs import FixedPartitionedSource, StatefulSourcePartition

from benchmarks.markets import names, trades
from benchmarks.report import Table, publish
from benchmarks.timing import Count, timed
from domain.blocks import names_block, trades_block
from domain.clock import MINUTE
from domain.instruments import SHARDS, instrument_id, shard_of
from flows.settings import EngineSettings
from flows.shards import KEYS, shard_of_key
from flows.signals import recipe
from operators.warm import warm

INSTRUMENTS, MINUTES, PIECE = 1_000, 2, 2_000_000
FULL = 100_000_000
TABLE = Table(
    "memory",
    "Resident memory over a long run",
    ("case", "trades", "seconds", "MB at 10 %", "MB median", "MB at the end", "MB per 10 M trades"),
    ("full dataflow, dense trades",),
)


class Endless(FixedPartitionedSource[Any, int]):
    """The same piece of trades again and again, each time later and with higher ids."""

    def __init__(self, pieces: int) -> None:
        rows = trades(INSTRUMENTS, PIECE, MINUTES)
        self._rows = [rows[rows["instrument"] % SHARDS == shard] for shard in range(SHARDS)]
        self._ids = 1 + int(rows["id"].max())
        self._pieces = pieces
        self.given = 0

    def list_parts(self) -> list[str]:
        return [f"{shard:03d}" for shard in range(SHARDS)]

    def build_part(self, step_id: str, for_part: str, resume_state: int | None) -> "EndlessPart":
        return EndlessPart(self, int(for_part), self._rows[int(for_part)], self._pieces, self._ids)

    def count(self, rows: int) -> None:
        """Some more trades were given."""
        self.given += rows


class EndlessPart(StatefulSourcePartition[Any, int]):
    """One shard."""

    def __init__(self, source: Endless, shard: int, rows: Any, pieces: int, ids: int) -> None:
        self._source, self._key, self._rows = source, KEYS[shard], rows
        self._pieces, self._ids, self._at = pieces, ids, 0
        self._ours = [name for name in names(INSTRUMENTS) if shard_of(instrument_id(name)) == shard]

    def next_batch(self) -> list[Any]:
        if self._at == self._pieces:
            raise StopIteration
        rows = self._rows.copy()
        rows["ts"] += self._at * MINUTES * MINUTE
        rows["id"] += self._at * self._ids
        head = [] if self._at else [(self._key, names_block(self._ours))]
        self._at += 1
        self._source.count(rows.size)
        return [*head, (self._key, trades_block(rows))]

    def snapshot(self) -> int:
        return self._at


def main() -> None:
    """Measure and publish the results."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--trades", type=int, default=20_000_000)
    parser.add_argument("--full", action="store_true", help=f"{FULL:,} trades")
    options = parser.parse_args()
    count = FULL if options.full else options.trades
    warm()
    source, readings, done = Endless(count // PIECE), [], threading.Event()
    process = psutil.Process()

    def read() -> None:
        while not done.wait(0.5):
            readings.append((source.given, process.memory_info().rss / 1e6))

    reader = threading.Thread(target=read)
    reader.start()
    began = time.perf_counter()
    # Bytewax holds a source back only between epochs: they bound what waits in memory, as in a replay.
    flow = recipe(source, {"count": Count(shard_of_key, SHARDS)}, EngineSettings())
    timed(flow, epoch=timedelta(milliseconds=100))
    seconds = time.perf_counter() - began
    done.set()
    reader.join()
    given, megabytes = np.array(readings).T
    late = given >= given[-1] / 2
    slope = np.polyfit(given[late] / 1e7, megabytes[late], 1)[0]
    first = megabytes[np.searchsorted(given, given[-1] / 10)]
    figures = [float(each) for each in (first, np.median(megabytes), megabytes[-1], slope)]
    publish(
        TABLE,
        [(TABLE.rows[0], source.given, seconds, *figures)],
        [f"{INSTRUMENTS:,} instruments, one worker, recovery on, {len(readings)} readings"],
    )


if __name__ == "__main__":
    main()
