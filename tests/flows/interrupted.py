"""Interruptions: a source that ends early, as in a crash or a shutdown, and runs that resume from it."""

import os
import signal
from collections.abc import Callable, Iterable, Sequence
from datetime import timedelta
from itertools import count
from pathlib import Path
from typing import Any, Literal, NamedTuple

from bytewax.dataflow import Dataflow
from bytewax.inputs import FixedPartitionedSource, StatefulSourcePartition
from bytewax.recovery import RecoveryConfig, init_db_dir
from bytewax.testing import cluster_main

from tests.flows.in_memory_log import InMemoryLog

Item = tuple[str, bytes]


class Crash(Exception):
    """Ends all workers of the process at once: everything after the last snapshot is lost."""


class Run(NamedTuple):
    """One start of a flow.

    Attributes
    ----------
    workers
        Threads.
    epoch
        Time between two snapshots.
    batches
        How many are taken from the log, over all partitions, before it breaks off; None: all.
    ending
        How it breaks off: all partitions end, as on SIGTERM; the workers crash; or the process is killed.
    """

    workers: int
    epoch: timedelta
    batches: int | None = None
    ending: Literal["stop", "crash", "kill"] = "stop"


class Interrupted(FixedPartitionedSource[Item, int]):
    """`log`, until it is interrupted."""

    def __init__(self, log: InMemoryLog, run: Run) -> None:
        self.log, self.run, self.taken = log, run, count()

    def list_parts(self) -> list[str]:
        return self.log.list_parts()

    def build_part(self, step_id: str, for_part: str, resume_state: int | None) -> "InterruptedPart":
        return InterruptedPart(self.log.build_part(step_id, for_part, resume_state), self)


class InterruptedPart(StatefulSourcePartition[Item, int]):
    def __init__(self, part: StatefulSourcePartition[Item, int], source: Interrupted) -> None:
        self.part, self.source = part, source

    def next_batch(self) -> Iterable[Item]:
        run = self.source.run
        if run.batches is not None and next(self.source.taken) >= run.batches:
            if run.ending == "kill":
                os.kill(os.getpid(), signal.SIGKILL)
            raise Crash if run.ending == "crash" else StopIteration
        return self.part.next_batch()

    def snapshot(self) -> int:
        return self.part.snapshot()


def run_all(log: InMemoryLog, runs: Sequence[Run], recovery: Path, flow_over: Callable[[Any], Dataflow]) -> int:
    """Run a dataflow once for each run, each resuming where the previous one ended; return the number of crashes."""
    make_recovery(recovery)
    crashes = 0
    for run in runs:
        try:
            run_one(log, run, recovery, flow_over)
        except BaseException as problem:  # a panic of Bytewax is no Exception
            if not _was_crash(problem):
                raise
            crashes += 1
    return crashes


def make_recovery(directory: Path) -> None:
    """Create a recovery directory with two files."""
    directory.mkdir()
    init_db_dir(directory, 2)


def run_one(
    log: InMemoryLog,
    run: Run,
    recovery: Path,
    flow_over: Callable[[Any], Dataflow],
    addresses: Sequence[str] = (),
    at: int = 0,
) -> None:
    """Run a dataflow as process `at` of those at `addresses`, resuming where the last run ended."""
    cluster_main(
        flow_over(Interrupted(log, run)),
        list(addresses),
        at,
        worker_count_per_proc=run.workers,
        epoch_interval=run.epoch,
        recovery_config=RecoveryConfig(recovery, timedelta(0)),
    )


def _was_crash(problem: BaseException | None) -> bool:
    while problem is not None and not isinstance(problem, Crash):
        problem = problem.__cause__ or problem.__context__
    return problem is not None
