"""100,000 instruments: the results of a few do not change, and memory per instrument is as stated in the README."""

import resource
import subprocess
import sys
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest

from domain.blocks import CONTIGUOUS_IDS, TRADE
from domain.clock import MINUTE, SECOND
from domain.instruments import instrument_id
from flows import cluster
from flows.settings import EngineSettings
from flows.signals import recipe
from flows.sinks.tally import FAMILIES
from tests.builders import START, market_trades
from tests.flows.in_memory_log import InMemoryLog
from tests.flows.recording_sinks import AlignedRecordingSink, RecordingPartition, RecordingSink, content

ROOT = Path(__file__).parents[2]
FEW = ["test:BTCUSDT", *(f"test:F{number}" for number in range(23))]
FEW_IDS = np.array([instrument_id(name) for name in FEW])
MINUTES, CROWDED = 400, 6
"""The crowd comes for the last six minutes: by then the few are warm."""
KB_EACH = 80
"""The most memory an instrument may take: its state, the snapshot of that, and what Bytewax makes of it."""


class OfTheFew(RecordingSink):
    """The results of the few, and the number of bars of all."""

    def build_part(self, step_id, for_part, resume_state):
        return FewPartition(self.directory / for_part, FAMILIES, resume_state or 0)


class FewPartition(RecordingPartition):
    def records(self, each):
        bars = each.bars
        made = [(f"bars in frame {frame}", int(count)) for frame, count in enumerate(np.bincount(bars["frame"]))]
        mine = np.isin(bars["instrument"], FEW_IDS)
        # The next trade in the shard determines when a bar is known to be closed.
        known = {"bars": bars[mine], "features": each.features[:, mine]}
        known["bars"]["available_at"] = 0
        for family in FAMILIES[2:]:
            rows = getattr(each, family)
            known[family] = rows[np.isin(rows["instrument"], FEW_IDS)]
        return [*super().records(replace(each, **known)), *made]


class RelationsOfTheFew(AlignedRecordingSink):
    def build_part(self, step_id, for_part, resume_state):
        return FewRelations(self.directory / "relations", ("relations",), resume_state or 0)


class FewRelations(RecordingPartition):
    def records(self, each):
        rows = each.relations
        return super().records(replace(each, relations=rows[np.isin(rows["instrument"], FEW_IDS)]))


def crowd(names):
    """One trade per minute of each instrument."""
    rows = np.zeros((CROWDED, len(names)), TRADE)
    ends = START + MINUTES * MINUTE
    rows["ts"] = ends - (np.arange(CROWDED, 0, -1) * MINUTE)[:, None] + np.arange(len(names)) * (50 * SECOND) // 100_000
    rows["instrument"] = [instrument_id(name) for name in names]
    rows["id"] = np.arange(CROWDED)[:, None]
    rows["price"], rows["size"], rows["side"], rows["flags"] = 100.0, 1.0, 1, CONTIGUOUS_IDS
    return rows.reshape(-1)


def run_and_tell(directory, count):
    """The process of `concluded`; it reports its peak memory in kB."""
    names = [f"test:C{number}" for number in range(count)]
    trades = np.concatenate([market_trades(FEW, MINUTES, 3.0), crowd(names)])
    trades = trades[np.argsort(trades["ts"], kind="stable")]
    (directory / "kept").mkdir()
    (directory / "recovery").mkdir()
    cluster.make_recovery(directory / "recovery", 4)
    flow = recipe(
        InMemoryLog(trades, [*FEW, *names], 4_096, START + MINUTES * MINUTE + 2 * SECOND),
        {"kept": OfTheFew(directory / "kept")},
        EngineSettings(primary_timeframe="1m"),
        aligned_sinks={"aligned": RelationsOfTheFew(directory / "kept")},
    )
    cluster.run(flow, epoch=timedelta(seconds=0.25), recovery=directory / "recovery")
    (directory / "peak").write_text(str(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss))


def concluded(directory, count):
    """For the few among many others: results, bars of each frame, accepted trades, and memory in kB."""
    directory.mkdir()
    code = f"import sys, pathlib; from {__name__} import run_and_tell; run_and_tell(pathlib.Path(sys.argv[1]), {count})"
    done = subprocess.run(
        [sys.executable, "-c", code, directory], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    found = content(directory / "kept")
    numbers = {name: found.pop(name) for name in list(found) if isinstance(found[name], int)}
    assert {name.split(" ", 1)[1] for name in numbers} == {"accepted", *(f"bars in frame {at}" for at in range(4))}
    sums = [sum(value for name, value in numbers.items() if name.endswith(what)) for what in ("accepted", "e 0", "e 1")]
    return found, sums, int((directory / "peak").read_text())


@pytest.mark.parametrize("count", [4_000, pytest.param(100_000, marks=pytest.mark.slow)])
def test_many_instruments_do_not_affect_others_and_use_the_stated_memory(tmp_path, count):
    alone, (taken, minutes, fives), alone_kb = concluded(tmp_path / "alone", 0)
    among, sums, among_kb = concluded(tmp_path / "among", count)
    assert {"events", "candidates", "outcomes", "relations"} <= {name.split()[1] for name in alone}
    assert [name for name in sorted({*alone, *among}) if alone.get(name) != among.get(name)] == []
    assert sums == [taken + CROWDED * count, minutes + CROWDED * count, fives + 2 * count]
    assert (among_kb - alone_kb) / count < KB_EACH
