"""The whole dataflow has the same results for all numbers of workers, batch sizes, epochs and interruptions."""

import random
import signal
import socket
import subprocess
import sys
import tempfile
from contextlib import ExitStack
from datetime import timedelta
from functools import cache
from itertools import product
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.clock import MINUTE, SECOND
from domain.frames import Frame
from flows.settings import EngineSettings
from flows.signals import recipe
from tests.builders import START, market_bars, market_trades
from tests.flows.in_memory_log import InMemoryLog
from tests.flows.interrupted import Run, make_recovery, run_all, run_one
from tests.flows.recording_sinks import AlignedRecordingSink, RecordingSink, content

NAMES = ["test:BTCUSDT", *(f"test:S{number}" for number in range(4))]
MINUTES = 200
SETTINGS = EngineSettings(timeframes=("1m", "5m", "15m"), primary_timeframe="1m", mtf_min_aligned=1, quiet_h=4.0)

ROOT = Path(__file__).parents[2]
TIMEOUT_S = 60.0

WORKERS = (1, 2, 3, 4)
BATCHES = (1, 7, 1_000, 65_536)
EPOCHS = tuple(timedelta(seconds=seconds) for seconds in (0, 0.01, 1))
PRODUCT = list(product(WORKERS, BATCHES, EPOCHS))
COVER = [
    (workers, batch, EPOCHS[(row[at] == ".") + 2 * (row[at] == "-")])
    for at, batch in enumerate(BATCHES)
    for workers, row in zip(WORKERS, ("0..-", ".0-0", "--0.", "-.00"), strict=True)
]
"""All pairs of two. Epochs of no length take long with many batches, so those have few workers."""


@cache
def trades():
    """A market with faulty trades: lost, duplicate, late or not a number."""
    rows = market_trades(NAMES, MINUTES, 1.6)
    rng = np.random.default_rng(8)
    rows["ts"][rng.random(rows.size) < 0.02] -= 90 * SECOND
    rows["price"][rng.random(rows.size) < 0.01] = np.nan
    rows = rows[rng.random(rows.size) > 0.01]
    return np.repeat(rows, 1 + (rng.random(rows.size) < 0.02))


@cache
def bars():
    return market_bars(NAMES, MINUTES, Frame.parse("1m"))


def concluded(rows, batch, runs):
    """The recorded results of a log processed in these `runs`, and the number of crashes."""
    with tempfile.TemporaryDirectory() as name:
        directory = Path(name)
        (directory / "kept").mkdir()
        crashes = run_all(log_of(rows, batch), runs, directory / "recovery", flow_into(directory / "kept", rows))
        return content(directory / "kept"), crashes


def log_of(rows, batch):
    return InMemoryLog(rows, NAMES, batch, START + (MINUTES + 2) * MINUTE)


def flow_into(directory, rows):
    def flow_over(source):
        sinks, together = {"kept": RecordingSink(directory)}, {"aligned": AlignedRecordingSink(directory)}
        return recipe(source, sinks, SETTINGS, aligned_sinks=together, from_bars=rows is bars())

    return flow_over


@cache
def expected(make):
    """The results of one worker without interruption."""
    return concluded(make(), 65_536, [Run(1, EPOCHS[2])])[0]


def interruptions(rng, rows, batch, epoch, workers):
    """A crash and a stop somewhere in the first half; with few batches, also another number of workers."""
    half = sum(len(blocks) for blocks in log_of(rows, batch).blocks) // 2
    endings = rng.sample(["crash", "stop"], 2)
    several = WORKERS if batch > 7 else [workers]
    return [Run(rng.choice(several), epoch, rng.randrange(1, half), ending) for ending in endings]


def assert_same(found, wanted):
    assert [name for name in sorted({*found, *wanted}) if found.get(name) != wanted.get(name)] == []


def test_the_market_of_these_tests_has_everything():
    kinds = {name.split()[1] for name in expected(trades)}
    assert kinds == {
        "bars", "features", "gaps", "events", "candidates", "outcomes", "decided", "relations",
        "scores", "composites", "executions", "accepted", "duplicates", "late", "rejects",
    }  # fmt: skip
    assert {"bars", "events", "candidates", "outcomes", "relations"} <= {name.split()[1] for name in expected(bars)}


def test_the_cover_covers_every_pair():
    for one, other in ((0, 1), (0, 2), (1, 2)):
        assert {(run[one], run[other]) for run in COVER} == {(run[one], run[other]) for run in PRODUCT}


def check(workers, batch, epoch):
    rng = random.Random(f"{workers} {batch} {epoch}")
    broken = interruptions(rng, trades(), batch, epoch, workers)
    found, crashes = concluded(trades(), batch, [*broken, Run(workers, epoch)])
    assert_same(found, expected(trades))
    assert crashes == 1


@pytest.mark.parametrize(("workers", "batch", "epoch"), COVER)
def test_results_do_not_depend_on_execution(workers, batch, epoch):
    check(workers, batch, epoch)


@pytest.mark.slow
@pytest.mark.parametrize(("workers", "batch", "epoch"), [each for each in PRODUCT if each not in COVER])
def test_results_do_not_depend_on_any_combination(workers, batch, epoch):
    check(workers, batch, epoch)


@settings(max_examples=15)
@given(
    make=st.sampled_from([trades, bars]),
    batch=st.integers(40, 2_000),
    epoch=st.sampled_from(EPOCHS),
    breaks=st.lists(
        st.tuples(st.sampled_from(WORKERS), st.integers(0, 60), st.sampled_from(["crash", "stop"])), max_size=4
    ),
    workers=st.sampled_from(WORKERS),
)
def test_restarts_anywhere_change_nothing(make, batch, epoch, breaks, workers):
    broken = [Run(each, epoch, after, ending) for each, after, ending in breaks]
    assert_same(concluded(make(), batch, [*broken, Run(workers, epoch)])[0], expected(make))


def start_process(at, addresses, directory, batches=None):
    """Process `at` of a cluster over the log; given a number of batches, it kills itself after them."""
    arguments = [at, ";".join(addresses), directory, batches or ""]
    code = f"import sys; from {__name__} import process; process(*sys.argv[1:])"
    return subprocess.Popen([sys.executable, "-c", code, *map(str, arguments)], cwd=ROOT, stderr=subprocess.PIPE)


def process(at, addresses, directory, batches):
    """The body of a process started by `start_process`."""
    run = Run(1, EPOCHS[1], int(batches) if batches else None, "kill")
    kept, recovery = Path(directory) / "kept", Path(directory) / "recovery"
    run_one(log_of(trades(), 20), run, recovery, flow_into(kept, trades()), addresses.split(";"), int(at))


def test_kill_9_of_one_of_two_processes_changes_nothing(tmp_path):
    (tmp_path / "kept").mkdir()
    make_recovery(tmp_path / "recovery")
    for batches in (30, None):
        addresses = free_addresses(2)
        processes = [start_process(at, addresses, tmp_path, batches if at else None) for at in range(2)]
        try:
            errors = [each.communicate(timeout=TIMEOUT_S)[1].decode() for each in processes]
        finally:
            for each in processes:
                each.kill()
        statuses = [each.returncode for each in processes]
        assert statuses[1] == (-signal.SIGKILL if batches else 0), errors[1]
        assert (statuses[0] == 0) == (batches is None), errors[0]
    assert_same(content(tmp_path / "kept"), expected(trades))


def free_addresses(count):
    with ExitStack() as held:
        sockets = [held.enter_context(socket.create_server(("127.0.0.1", 0))) for _ in range(count)]
        return [f"127.0.0.1:{each.getsockname()[1]}" for each in sockets]
