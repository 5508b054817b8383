"""How long the dataflow pauses at the end of an epoch, and how large its state is.

1,000 instruments in four timeframes through the full dataflow, with recovery and epochs as in the engine: alone, and
then together with prediction markets, as the engine runs. Bars of 1m close in one epoch of 24 instead of 240 (see
`benchmarks.live`); all shards of prediction markets have state to save in every epoch.

A pause is measured at the partitions of a log: from the snapshot that ends the epoch until they are polled again, which
is when the state of all steps is on disk; the longest of each epoch counts. Both logs are one input, as in the engine
(`flows.sources.combined`); otherwise the first to end its epoch would wait for the other. The time from the last of the
partitions' ends is reported beside it.

Epochs with closed bars are reported separately: only then do the steps after `roll` have state to write. The figures
for all epochs combine both kinds, weighted as they occur live. Bytes are the maximum of one epoch; a step that is in
both branches is counted in both.

    python -m benchmarks.pause [--seconds N] [--instruments N] [--groups N]
"""

import argparse
import tempfile
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import bytewax.operators as op
import numpy as np
from bytewax.dataflow import Dataflow
from bytewax.outputs import Sink

from benchmarks.live import PER_SECOND, Clock, Live, Shard, instruments, markets
from benchmarks.report import Table, publish
from benchmarks.timing import Count
from domain.instruments import SHARDS
from flows import cluster
from flows.intelligence import DEFAULTS
from flows.prediction import FINDING_SETTINGS, SETTINGS, Sinks, prediction
from flows.settings import EngineSettings
from flows.shards import shard_of_key
from flows.signals import signals
from flows.sources.combined import CombinedSource, from_source
from operators.align import Align
from operators.align_whales import AlignWhales
from operators.attend import Attend
from operators.back import Back
from operators.correlate import Correlate
from operators.detect import Detect
from operators.execute import Execute
from operators.grade_wallets import GradeWallets
from operators.measure import Measure
from operators.propose import Propose
from operators.relate import Relate
from operators.roll import Roll
from operators.score import Score
from operators.settle import Settle
from operators.spot_arbitrage import SpotArbitrage
from operators.spot_whales import SpotWhales
from operators.tally import Tally
from operators.warm import warm

STEPS: dict[str, Any] = {
    "roll": Roll,
    "measure": Measure,
    "detect": Detect,
    "propose": Propose,
    "settle": Settle,
    "align": Align,
    "relate": Relate,
    "score": Score,
    "correlate": Correlate,
    "execute": Execute,
    "tally": Tally,
    "spot_whales": SpotWhales,
    "spot_arbitrage": SpotArbitrage,
    "back": Back,
    "attend": Attend,
    "align_whales": AlignWhales,
    "grade_wallets": GradeWallets,
}
ALONE, BOTH = "alone", "with prediction markets"
FIGURES = ("bytes", "p50 ms", "p99 ms", "max ms")
TABLE = Table(
    "pause",
    "Pause at the end of an epoch",
    ("case", *(f"{way}: {figure}" for way in (ALONE, BOTH) for figure in FIGURES), "target"),
    (
        "all epochs, live mix",
        "all epochs, live mix: saving state",
        "epochs without a closed bar",
        "epochs with closed 1m bars",
        *(f"{step}: serialise state" for step in STEPS),
        "remainder: pickle, SQLite",
    ),
)


class Epoch:
    """What happened at the end of one, in seconds and bytes.

    Attributes
    ----------
    pause, saving
        How long the partition that waited longest was not asked; and how much of that was after the last had ended
        its epoch, which is when saving can begin.
    ended_s
        When that was, by a steady clock.
    """

    def __init__(self) -> None:
        self.pause = self.saving = self.ended_s = 0.0
        self.seconds = dict.fromkeys(STEPS, 0.0)
        self.bytes = dict.fromkeys(STEPS, 0)


class Ledger:
    """The epochs of a run: their pauses, and what each step spent on its snapshots."""

    def __init__(self) -> None:
        self.begin()

    def begin(self) -> None:
        """Another run begins."""
        self.epochs: list[Epoch] = []

    def snapped(self, number: int) -> None:
        """A partition's epoch of that number ends: snapshots of the steps follow."""
        if number == len(self.epochs):
            self.epochs.append(Epoch())
        self.epochs[number].ended_s = time.perf_counter()

    def asked(self, number: int, waited_s: float) -> None:
        """A partition goes on after that epoch."""
        epoch = self.epochs[number]
        epoch.pause = max(epoch.pause, waited_s)
        epoch.saving = epoch.saving or time.perf_counter() - epoch.ended_s

    def watch(self, step: str, machine: Any) -> None:
        """Note the time and the bytes of each snapshot of a step."""
        snapshot: Callable[[Any], bytes] = machine.snapshot

        def watched(self_: Any) -> bytes:
            began = time.perf_counter()
            made = snapshot(self_)
            if self.epochs:
                self.epochs[-1].seconds[step] += time.perf_counter() - began
                self.epochs[-1].bytes[step] += len(made)
            return made

        machine.snapshot = watched


def run(
    seconds: float, ledger: Ledger, directory: str | None, traded: list[Shard], predicted: list[Shard] | None = None
) -> list[Epoch]:
    """The epochs of a run, without its beginning; outputs are as many as the engine has."""
    settings, flow, clock = EngineSettings(), Dataflow("signalengine"), Clock(seconds)
    ledger.begin()
    slices = _counts("market", "latest") | _counts("metrics", parts=SHARDS)
    together = _counts("ledger", "decision_metrics")
    logs = {"signals": Live(traded, clock, ledger)}
    if predicted is not None:
        logs["prediction"] = Live(predicted, clock, ledger)
    blocks = op.input("log", flow, CombinedSource(logs))
    signals("signals", from_source("signals", blocks), slices, settings, DEFAULTS, together)
    if predicted is not None:
        sinks = Sinks(
            slices=_counts("market") | _counts("metrics", parts=SHARDS),
            whales=_counts("sightings", "whale_metrics"),
            opportunities=_counts("opportunities", "opportunity_metrics"),
            aligned=_counts("ledger", "decision_metrics"),
        )
        prediction("prediction", from_source("prediction", blocks), sinks, SETTINGS, DEFAULTS, FINDING_SETTINGS)
    with tempfile.TemporaryDirectory(dir=directory) as name:
        cluster.make_recovery(Path(name), settings.recovery_partitions)
        cluster.run(flow, epoch=timedelta(milliseconds=settings.epoch_ms), recovery=Path(name))
    return [each for each in ledger.epochs if each.pause]


def _counts(*names: str, parts: int = 1) -> dict[str, Sink[Any]]:
    return {name: Count(shard_of_key if parts > 1 else lambda _: 0, parts) for name in names}


def figures(epochs: list[Epoch], in_a_minute: int) -> list[tuple[float | int | None, ...]]:
    """Bytes and milliseconds for each row of the table."""
    closing = [each for each in epochs if each.bytes["measure"]]
    quiet = [each for each in epochs if not each.bytes["measure"]]
    # Both, repeated until bars close in one epoch of so many.
    live = quiet * ((in_a_minute - 1) * len(closing)) + closing * len(quiet)
    told: list[tuple[float | int | None, ...]] = [
        (None, *spread([each.pause for each in live])),
        (None, *spread([each.saving for each in live])),
    ]
    for some in (quiet, closing):
        size = max(sum(each.bytes.values()) for each in some)
        told += [(size, *spread([each.pause for each in some]))]
    for step in STEPS:
        size = max(each.bytes[step] for each in closing)
        told += [(size, *spread([each.seconds[step] for each in closing])) if size else (None,) * len(FIGURES)]
    return [*told, (None, *spread([each.saving - sum(each.seconds.values()) for each in closing]))]


def spread(seconds: list[float]) -> tuple[float, float, float]:
    """Median, 99th percentile and largest, in ms."""
    p50, p99 = np.percentile(seconds, (50, 99)) * 1000
    return float(p50), float(p99), max(seconds) * 1000


def main() -> None:
    """Measure and publish the results."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--instruments", type=int, default=1_000)
    parser.add_argument("--groups", type=int, default=80, help="of prediction markets (default: %(default)s)")
    parser.add_argument("--seconds", type=float, default=60.0, help="of live feed, twice (default: %(default)s)")
    parser.add_argument("--recovery", help="folder for the recovery files; another disk, or memory, to compare")
    options = parser.parse_args()
    settings, ledger = EngineSettings(), Ledger()
    warm()
    for step, machine in STEPS.items():
        ledger.watch(step, machine)
    in_a_minute, seconds = 60_000 // settings.epoch_ms, options.seconds
    alone, both = (
        run(seconds, ledger, options.recovery, instruments(options.instruments, seconds), predicted)
        for predicted in (None, markets(options.groups, seconds))
    )
    wanted = ["p99 ≤ 20", *[None] * (len(TABLE.rows) - 1)]
    told = zip(TABLE.rows, figures(alone, in_a_minute), figures(both, in_a_minute), wanted, strict=True)
    closed, closed_both = (sum(bool(each.bytes["measure"]) for each in epochs) for epochs in (alone, both))
    publish(
        TABLE,
        [(what, *one, *other, target) for what, one, other, target in told],
        [
            f"{options.instruments:,} instruments, 4 timeframes, {PER_SECOND:,} trades per second",
            f"{options.groups} groups of prediction markets",
            f"{len(alone)} and {len(both)} epochs of {settings.epoch_ms} ms into {settings.recovery_partitions} file",
            f"bars closed in {closed} and {closed_both} of them; live, one epoch in {in_a_minute}",
            "the figures of the steps are of those epochs",
        ],
    )


if __name__ == "__main__":
    main()
