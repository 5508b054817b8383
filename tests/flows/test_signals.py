"""The dataflow on Bytewax has one digest for all numbers of workers, batch sizes and epochs."""

import json
from datetime import timedelta
from functools import cache

import bytewax.operators as op
import pytest
from bytewax.dataflow import Dataflow
from bytewax.operators import StatefulBatchLogic
from bytewax.testing import TestingSink, TestingSource, cluster_main
from bytewax.visualize import to_json

from domain.clock import HOUR, MINUTE
from domain.frames import Frame
from domain.instruments import SHARDS
from flows.engine import Plan, live
from flows.manifest import manifest
from flows.metrics import EngineMetrics
from flows.progress import Progress
from flows.settings import EngineSettings
from flows.shards import KEYS, key_hash
from flows.signals import recipe, vocabulary
from flows.sinks.tally import AlignedTallySink, Tally, TallySink, read_tally, write_empty_tallies
from operators.catalogue import catalogue
from tests.builders import START, market_bars, market_trades
from tests.flows.in_memory_log import InMemoryLog

NAMES = ["test:BTCUSDT", *(f"test:S{number}" for number in range(7))]
BARS = EngineSettings(timeframes=("5m", "15m", "1h"), primary_timeframe="5m", lateness_s=0.0)


@cache
def bars():
    return market_bars(NAMES, 700, Frame.parse("5m"))


@cache
def trades():
    return market_trades(NAMES, 200, 8.0)


def concluded(directory, rows, *, batch, workers, epoch) -> Tally:
    from_bars = rows is bars()
    settings = BARS if from_bars else EngineSettings()
    directory.mkdir()
    source = InMemoryLog(rows, NAMES, batch, START + (700 * 5 * MINUTE if from_bars else 4 * HOUR))
    sinks = {"digest": TallySink(directory, vocabulary(settings))}
    together = {"aligned": AlignedTallySink(directory)}
    write_empty_tallies(directory, vocabulary(settings))
    flow = recipe(source, sinks, settings, aligned_sinks=together, from_bars=from_bars)
    cluster_main(flow, [], 0, worker_count_per_proc=workers, epoch_interval=epoch)
    return read_tally(directory)


@pytest.mark.parametrize("rows", [bars, trades])
def test_the_digest_depends_on_no_worker_batch_or_epoch(tmp_path, rows):
    cases = [
        (1, 65_536, timedelta(seconds=1)),
        (2, 1_000, timedelta(milliseconds=10)),
        (3, 97, timedelta(seconds=1)),
        (4, 1_000, timedelta(seconds=0)),
    ]
    tallies = [
        concluded(tmp_path / str(at), rows(), batch=batch, workers=workers, epoch=epoch)
        for at, (workers, batch, epoch) in enumerate(cases)
    ]
    assert all(tally == tallies[0] for tally in tallies)
    assert tallies[0].accepted == rows().size
    assert tallies[0].events > 0


def stateful(step) -> list[str]:
    own = [step["step_id"].removeprefix("signalengine.")] if step.get("op_type") == "stateful_batch" else []
    return own + [each for inner in step["substeps"] for each in stateful(inner)]


@pytest.mark.parametrize("prediction", ["true", "false"])
def test_the_stateful_steps_are_those_of_the_manifest(prediction):
    plan = Plan.from_environ({"SIGNALENGINE_PREDICTION_ENABLED": prediction})
    flow = live(plan, "postgresql://nobody", "redis://nobody", Progress(), EngineMetrics())
    steps = manifest(plan.settings.frames, catalogue(), prediction=prediction == "true")["steps"]
    assert sorted(stateful(json.loads(to_json(flow)))) == sorted(steps)


def test_shard_keys_are_routed_as_computed():
    class Where(StatefulBatchLogic):
        def on_batch(self, values):
            return values, False

        def snapshot(self):
            return None

    keys = [*KEYS, "BTCUSDT", "é", "", *map(str, range(20))]
    for workers in (1, 2, 3, 4):
        seen: dict[str, int] = {}
        flow = Dataflow("routes")
        stream = op.stateful_batch(
            "where", op.input("keys", flow, TestingSource([(key, 0) for key in keys])), lambda _: Where()
        )
        op.output(
            "out",
            op.inspect_debug("look", stream, lambda _, item, __, worker, seen=seen: seen.update({item[0]: worker})),
            TestingSink([]),
        )
        cluster_main(flow, [], 0, worker_count_per_proc=workers)
        assert seen == {key: key_hash(key) % workers for key in keys}
        assert [seen[key] for key in KEYS] == [shard % workers for shard in range(SHARDS)]
