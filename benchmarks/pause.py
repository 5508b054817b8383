"""How long the dataflow stands still at the end of an epoch, and how large its state is.

1,000 instruments in four frames through the whole recipe, with recovery and epochs as the engine has
them. Trades come as they do live, 5,300 a second, only that time runs ten times as fast, so that bars of
1m close every six seconds, in one epoch of 24 instead of 240; before that an hour of them has passed. A
pause is what the partitions of the source see: from the snapshot that ends the epoch until they are
asked again, which is when all state of all steps is on disk; of each epoch the longest is taken. The
source is polled without rest, so that no pause hides in a wait.

What a closed bar changed is told apart: only then do the steps after `roll` have state to write. Of every
epoch both are taken together, with the weight that they have live. Bytes are the most of one epoch; bytes
an instrument hold its four frames.

    python -m benchmarks.pause [--seconds N] [--instruments N]
"""

import argparse
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
from bytewax.inputs import FixedPartitionedSource, StatefulSourcePartition
from numpy.typing import NDArray

from benchmarks.markets import names, trades
from benchmarks.report import Table, tell
from benchmarks.timing import Count
from domain.blocks import names_block, trades_block
from domain.instruments import SHARDS, instrument_id, shard_of
from flows import cluster
from flows.settings import EngineSettings
from flows.shards import KEYS, shard_of_key
from flows.signals import recipe
from operators.align import Align
from operators.correlate import Correlate
from operators.detect import Detect
from operators.execute import Execute
from operators.measure import Measure
from operators.propose import Propose
from operators.relate import Relate
from operators.roll import Roll
from operators.settle import Settle
from operators.tally import Tally
from operators.warm import warm

PER_SECOND, FASTER = 5_300, 10
HISTORY_MINUTES = 62
STEPS: dict[str, Any] = {
    "roll": Roll,
    "measure": Measure,
    "detect": Detect,
    "propose": Propose,
    "settle": Settle,
    "align": Align,
    "relate": Relate,
    "correlate": Correlate,
    "execute": Execute,
    "tally": Tally,
}
TABLE = Table(
    "pause",
    "Pause at the end of an epoch",
    ("what", "bytes", "bytes an instrument", "p50 ms", "p99 ms", "most ms", "wanted"),
    (
        "every epoch, as live",
        "where no bar closed",
        "where bars of 1m closed",
        *(f"{step}: state to bytes" for step in STEPS),
        "the rest: pickle, SQLite",
    ),
)


class Ledger:
    """What happened in each epoch: its pause, and what each step spent on its snapshots."""

    def __init__(self) -> None:
        self.running = False
        self.epochs: list[dict[str, float]] = []
        self.bytes = dict.fromkeys(STEPS, 0)
        self._sizes = dict.fromkeys(STEPS, 0)

    def begin(self) -> None:
        """An epoch ends: its snapshots follow."""
        self.bytes = {step: max(size, self._sizes[step]) for step, size in self.bytes.items()}
        self._sizes = dict.fromkeys(STEPS, 0)
        self.epochs.append(dict.fromkeys((*STEPS, "pause"), 0.0))

    def watch(self, step: str, machine: Any) -> None:
        """Note the time and the bytes of each snapshot of a step."""
        snapshot: Callable[[Any], bytes] = machine.snapshot

        def watched(self_: Any) -> bytes:
            began = time.perf_counter()
            made = snapshot(self_)
            if self.epochs:
                self.epochs[-1][step] += time.perf_counter() - began
                self._sizes[step] += len(made)
            return made

        machine.snapshot = watched


class Live(FixedPartitionedSource[Any, int]):
    """Trades at the pace of a venue, after a history that is read at once."""

    def __init__(self, rows: NDArray[Any], history: int, known: list[str], seconds: float, ledger: Ledger) -> None:
        self._rows, self._history, self._known = rows, history, known
        self.seconds, self.ledger = seconds, ledger
        self.began = 0.0
        self.first: LivePart | None = None

    def list_parts(self) -> list[str]:
        return [f"{shard:03d}" for shard in range(SHARDS)]

    def build_part(self, step_id: str, for_part: str, resume_state: int | None) -> "LivePart":
        shard = int(for_part)
        mine = self._rows["instrument"] % SHARDS == shard
        ours = [name for name in self._known if shard_of(instrument_id(name)) == shard]
        part = LivePart(self, KEYS[shard], self._rows[mine], int(mine[: self._history].sum()), names_block(ours))
        self.first = self.first or part
        return part

    def clock(self) -> float:
        """Seconds since the history was read."""
        self.began = self.began or time.perf_counter()
        return time.perf_counter() - self.began


class LivePart(StatefulSourcePartition[Any, int]):
    """One shard."""

    def __init__(self, source: Live, key: str, rows: NDArray[Any], history: int, head: bytes) -> None:
        self._source, self._key, self._rows = source, key, rows
        self._at, self._snapped = history, 0.0
        self._waiting = [(key, head), (key, trades_block(rows[:history]))]
        self._due = rows["ts"].astype(float)
        self._due = (self._due - self._due[history]) / 1e9 / FASTER if history < rows.size else self._due

    def next_batch(self) -> list[Any]:
        if self._snapped:
            self._note(time.perf_counter() - self._snapped)
            self._snapped = 0.0
        if self._waiting:
            given, self._waiting = self._waiting, []
            return given
        now = self._source.clock()
        if now >= self._source.seconds:
            raise StopIteration
        end = int(np.searchsorted(self._due, now))
        if end <= self._at:
            return []
        block = trades_block(self._rows[self._at : end])
        self._at = end
        return [(self._key, block)]

    def next_awake(self) -> datetime:
        return datetime.now(UTC)

    def snapshot(self) -> int:
        self._snapped = time.perf_counter()
        if self is self._source.first:
            self._source.ledger.begin()
        return self._at

    def _note(self, pause: float) -> None:
        ledger = self._source.ledger
        if ledger.epochs and self._source.began and self._source.clock() > 1.0:  # the history is done
            ledger.epochs[-1]["pause"] = max(ledger.epochs[-1]["pause"], pause)


def main() -> None:
    """Measure and tell."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--instruments", type=int, default=1_000)
    parser.add_argument("--seconds", type=float, default=60.0, help="of live feed (default: %(default)s)")
    parser.add_argument("--recovery", help="folder for the recovery files; another disk, or memory, to compare")
    options = parser.parse_args()
    settings, ledger = EngineSettings(), Ledger()
    warm()
    past = trades(options.instruments, 4 * options.instruments * HISTORY_MINUTES, HISTORY_MINUTES)
    count = int(options.seconds * PER_SECOND)
    live = trades(options.instruments, count, max(1, round(options.seconds * FASTER / 60)))
    live["ts"] += past["ts"][-1] - live["ts"][0]
    live["flags"] = past["flags"] = 0  # ids begin anew, and are not compared
    live["id"] = past["id"] = -1
    for step, machine in STEPS.items():
        ledger.watch(step, machine)
    source = Live(np.concatenate([past, live]), past.size, names(options.instruments), options.seconds, ledger)
    with tempfile.TemporaryDirectory(dir=options.recovery) as name:
        cluster.make_recovery(Path(name), settings.recovery_partitions)
        together = {"aligned": Count(lambda _: 0, 1)}
        flow = recipe(source, {"count": Count(shard_of_key, SHARDS)}, settings, aligned_sinks=together)
        cluster.run(flow, epoch=timedelta(milliseconds=settings.epoch_ms), recovery=Path(name))
    epochs = [each for each in ledger.epochs if each["pause"]]
    closing = [each for each in epochs if each["measure"]]
    quiet = [each for each in epochs if not each["measure"]]
    size, rolled = sum(ledger.bytes.values()), ledger.bytes["roll"]
    in_a_minute = 60_000 // settings.epoch_ms
    figures: list[tuple[int | None, list[float], str | None]] = [
        (None, as_live(quiet, closing, in_a_minute), "p99 ≤ 20"),
        (rolled, [each["pause"] for each in quiet], None),
        (size, [each["pause"] for each in closing], None),
        *((ledger.bytes[step], [each[step] for each in closing], None) for step in STEPS),
        (None, [each["pause"] - sum(each[step] for step in STEPS) for each in closing], None),
    ]
    rows = [
        (what, written, written and written / options.instruments, *spread(times), wanted)
        for what, (written, times, wanted) in zip(TABLE.rows, figures, strict=True)
    ]
    tell(
        TABLE,
        rows,
        [
            f"{options.instruments:,} instruments, 4 frames, {PER_SECOND:,} trades a second",
            f"{len(epochs)} epochs of {settings.epoch_ms} ms, recovery files: {settings.recovery_partitions}",
            f"bars closed in {len(closing)} of them; live that is one in {in_a_minute}",
            "the steps' figures are of those",
        ],
    )


def as_live(quiet: list[dict[str, float]], closing: list[dict[str, float]], in_a_minute: int) -> list[float]:
    """Pauses of both, repeated until bars close in one epoch of so many."""
    pauses = [each["pause"] for each in quiet for _ in range((in_a_minute - 1) * len(closing))]
    return pauses + [each["pause"] for each in closing for _ in quiet]


def spread(seconds: list[float]) -> tuple[float, float, float]:
    """Median, 99th percentile and largest, in ms."""
    p50, p99 = np.percentile(seconds, (50, 99)) * 1000
    return float(p50), float(p99), max(seconds) * 1000


if __name__ == "__main__":
    main()
