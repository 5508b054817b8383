"""Findings in simulated prediction markets, and their independence of how the dataflow is run."""

import tempfile
from collections import Counter
from datetime import timedelta
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any

import bytewax.operators as op
import numpy as np
import pytest
from bytewax.dataflow import Dataflow
from bytewax.outputs import FixedPartitionedSink
from bytewax.testing import TestingSink, cluster_main, run_main

from domain.blocks import quotes_block, read_block, trades_block
from domain.clock import HOUR, MINUTE
from domain.composites import ARBITRAGE, WHALE
from domain.instruments import SHARDS
from domain.slices import EMITTED
from domain.whale_settings import WhaleSettings
from domain.whales import FLAGS
from flows import aligned_records
from flows.intelligence import DEFAULTS
from flows.prediction import SETTINGS, FindingSettings, Sinks, prediction, recipe, vocabulary
from flows.settings import EngineSettings
from flows.shards import shard_of_key
from flows.signals import signals
from flows.sinks.tally import ALIGNED_FAMILIES
from flows.sources.sim import DEFAULT_START_NS as START
from flows.sources.sim import sim_source
from flows.sources.sim_prediction import PredictionSimulator, sim_prediction_source
from flows.sources.sim_prediction_settings import SimPredictionSettings
from flows.sources.sim_settings import SimSettings
from tests.flows.in_memory_log import InMemoryLog
from tests.flows.interrupted import Run, run_all
from tests.flows.recording_sinks import RecordingPartition, RecordingSink, content

BUSY = SimPredictionSettings(
    singles=1, events=2, open_events=0, ladders=0, whales_per_day=6.0, baskets_per_day=12.0, seed=5
)
SMALL = SimPredictionSettings(
    singles=1, events=1, open_events=0, ladders=1, round_h=1.0, trades_per_minute=2.0, whales_per_day=96.0,
    baskets_per_day=96.0,
)  # fmt: skip
FINDING_SETTINGS = FindingSettings(
    whales=WhaleSettings(floor=1_000.0, headline=5_000.0, lateness_s=5.0, cooldown_min=1.0)
)
END = START + 150 * MINUTE


@cache
def busy() -> dict[str, list[Any]]:
    """The results of two simulated days."""
    found: dict[str, list[Any]] = {"aligned": [], "whales": [], "opportunities": [], "slices": []}
    sinks = Sinks(**{name: {name: TestingSink(out)} for name, out in found.items()})
    run_main(  # type: ignore[no-untyped-call]
        recipe(sim_prediction_source(BUSY, 48 * 60), sinks)
    )
    return {name: [item for _, item in out] for name, out in found.items()}


def rows(family: str) -> Any:
    return np.concatenate([getattr(each, family) for each in busy()["aligned"]])


def test_whales_and_baskets_that_agree_and_crowds_of_whales_are_composites() -> None:
    words = vocabulary()
    told = [one for each in busy()["aligned"] for one in aligned_records.composites(each, words)]
    assert Counter(one.pattern_type for one in told).keys() == {"whale_arbitrage_alignment", "multi_whale_consensus"}
    for one in told:
        kinds = {part.kind for part in one.component_signals}
        assert kinds == ({"whale"} if one.pattern_type == "multi_whale_consensus" else {"whale", "arbitrage"})
        assert one.simulated
        assert one.symbol.endswith("-yes")


def test_arbitrage_does_not_change_the_odds_of_composites() -> None:
    evidence, told = rows("evidence"), rows("composites")
    assert np.all(np.isnan(evidence["probability"][evidence["kind"] == ARBITRAGE]))
    assert told.size
    for name in ("composite_confidence", "correlation_score", "risk_score", "statistic"):
        assert np.all(np.isfinite(told[name])), name
    assert np.all((told["composite_confidence"] > 0.0) & (told["composite_confidence"] < 1.0))
    assert np.all(np.isnan(told["expected_return"]) | (told["expected_return"] > 0.0))
    assert np.all(told["component_weight"][told["component_kind"] == ARBITRAGE] == 0.0)
    words = vocabulary()
    for one in (one for each in busy()["aligned"] for one in aligned_records.composites(each, words)):
        assert one.expected_return is None or one.expected_return > 0.0


def test_whales_are_graded_candidates_emitted_or_not() -> None:
    candidates, outcomes = rows("candidates"), rows("outcomes")
    assert set(candidates["status"].tolist()) == {EMITTED, 1}
    assert set(candidates["strategy"].tolist()) == {0, 1}
    # All but those of the last day have ended: by then their markets are resolved.
    early = candidates[candidates["ts"] < START + 23 * HOUR]
    keys = ["instrument", "ts", "strategy"]
    assert set(early[keys].tolist()) <= set(outcomes[keys].tolist())
    long = early["direction"] > 0
    assert np.all(
        np.where(long, early["take_profit"] > early["entry_price"], early["take_profit"] < early["entry_price"])
    )
    assert np.all((early["take_profit"] > 0.0) & (early["take_profit"] < 1.0) & (early["stop_loss"] > 0.0))
    words = vocabulary()
    signals = [one for each in busy()["aligned"] for one in aligned_records.signals(each, words)]
    assert {one.signal_type for one in signals} == {"whale", "whale_consensus"}
    assert rows("executions").size > 0


def test_a_resolved_market_pays_what_it_pays() -> None:
    bars = np.concatenate([each.bars for each in busy()["slices"]])
    last = bars[(bars["frame"] == 0) & (bars["open_time"] == START + 24 * HOUR)]
    paid = last[(last["close"] == 0.0) | (last["close"] == 1.0)]
    assert set(paid["close"].tolist()) == {0.0, 1.0}
    ended = rows("outcomes")
    ended = ended[(ended["exit_at"] == START + 24 * HOUR + MINUTE) & (ended["entry_at"] > 0)]
    payout = dict(zip(paid["instrument"].tolist(), paid["close"].tolist(), strict=True))
    assert ended.size
    for row in ended:
        assert (row["return_r"] > 0.0) == ((payout[int(row["instrument"])] == 1.0) == (row["direction"] > 0))


def test_evidence_refers_to_first_outcomes() -> None:
    evidence = rows("evidence")
    assert set(evidence["kind"].tolist()) == {WHALE, ARBITRAGE}
    names = {number: name for each in busy()["aligned"] for number, name in each.names.items()}
    assert all(names[number].endswith("-yes") for number in evidence["instrument"].tolist())
    assert np.all(np.diff(evidence["ts"]) >= 0)


def test_opportunities_and_graded_whales_have_sinks_of_their_own() -> None:
    changes = Counter(one.change for each in busy()["opportunities"] for one in each.opportunities)
    assert min(changes[name] for name in ("opened", "closed", "settled")) > 5
    whales = np.concatenate([each.rows for each in busy()["whales"]])
    assert np.all(np.diff(whales["ts"]) >= 0)
    assert (whales["markets"] > 0).any()
    assert np.all(whales["flags"] < 2 * max(FLAGS))


class KeptRows(FixedPartitionedSink[Any, int]):
    """Records rows of findings: one file per shard, or one for all."""

    def __init__(self, directory: Path, name: str, families: tuple[str, ...], *, by_shard: bool = False) -> None:
        self.directory, self.name, self.families, self.by_shard = directory, name, families, by_shard

    def list_parts(self) -> list[str]:
        return [f"{self.name}{shard:03d}" for shard in range(SHARDS)] if self.by_shard else [self.name]

    def part_fn(self, item_key: str) -> int:
        return shard_of_key(item_key) if self.by_shard else 0

    def build_part(self, step_id: str, for_part: str, resume_state: int | None) -> RecordingPartition[Any]:
        return RecordingPartition(self.directory / for_part, self.families, resume_state or 0)


class Cut(InMemoryLog):
    """The small markets in memory, `batch` rows per block."""

    def __init__(self, batch: int) -> None:
        self.blocks = [
            [piece for block in blocks for piece in cut(block, batch)]
            for shard in range(SHARDS)
            for blocks in [SIMULATOR.opening(shard, START) + SIMULATOR.blocks(shard, START, END)]
        ]


SIMULATOR = PredictionSimulator(SMALL)


def cut(block: bytes, batch: int) -> list[bytes]:
    kind, rows = read_block(block)
    if kind not in ("trades", "quotes"):
        return [block]
    make = trades_block if kind == "trades" else quotes_block
    return [make(rows[start:end]) for start, end in pairwise([*range(0, rows.size, batch), rows.size])]


def sinks_in(kept: Path) -> Sinks:
    return Sinks(
        slices={"kept": RecordingSink(kept)},
        whales={"kept_whales": KeptRows(kept, "whales", ("rows", "positions"))},
        opportunities={"kept_baskets": KeptRows(kept, "baskets", ("rows",), by_shard=True)},
        aligned={"kept_aligned": KeptRows(kept, "aligned", (*ALIGNED_FAMILIES, "evidence"))},
    )


def concluded(batch: int, runs: list[Run]) -> tuple[dict[str, bytes | int], int]:
    with tempfile.TemporaryDirectory() as name:
        kept = Path(name) / "kept"
        kept.mkdir()
        crashes = run_all(
            Cut(batch),
            runs,
            Path(name) / "recovery",
            lambda log: recipe(log, sinks_in(kept), SETTINGS, finding_settings=FINDING_SETTINGS),
        )
        return content(kept), crashes


SECOND_LONG, SHORT, NONE_LONG = timedelta(seconds=1), timedelta(seconds=0.2), timedelta(0)


@cache
def expected() -> dict[str, bytes | int]:
    """The results of one worker without interruption."""
    return concluded(65_536, [Run(1, SECOND_LONG)])[0]


def test_these_markets_have_everything() -> None:
    kinds = {name.split()[1] for name in expected()}
    assert kinds >= {"bars", "candidates", "outcomes", "scores", "evidence", "rows", "positions", "executions"}


@pytest.mark.parametrize(
    ("batch", "runs"),
    [
        (1_000, [Run(2, SECOND_LONG)]),
        (65_536, [Run(4, SHORT)]),
        (200, [Run(1, SHORT, 300, "crash"), Run(3, SHORT)]),
        (65_536, [Run(3, NONE_LONG, 400, "stop"), Run(2, NONE_LONG, 200, "crash"), Run(1, SECOND_LONG)]),
    ],
)
def test_results_do_not_depend_on_execution(batch: int, runs: list[Run]) -> None:
    found, crashes = concluded(batch, runs)
    assert [name for name in sorted({*found, *expected()}) if found.get(name) != expected().get(name)] == []
    assert crashes == sum(run.ending == "crash" for run in runs)


def test_results_are_the_same_with_and_without_the_other_branch() -> None:
    with tempfile.TemporaryDirectory() as name:
        kept = Path(name)
        flow, found = Dataflow("signalengine"), list[Any]()
        instruments = SimSettings(symbols=("BTCUSDT",), trades_per_second=0.1)
        traded = op.input("traded", flow, sim_source(instruments, 150))
        signals("signals", traded, {"seen": TestingSink(found)}, EngineSettings(), DEFAULTS, {})
        predicted = op.input("predicted", flow, Cut(1_000))
        prediction("prediction", predicted, sinks_in(kept), SETTINGS, DEFAULTS, FINDING_SETTINGS)
        cluster_main(flow, [], 0, worker_count_per_proc=2, epoch_interval=SHORT)
        assert content(kept) == expected()
        assert sum(each.bars.size for _, each in found) > 150
