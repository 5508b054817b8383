"""Partition names are storage keys and never change; shard keys map to their partition."""

from typing import Any

import pytest

from domain.instruments import SHARDS
from flows.metrics import EngineMetrics
from flows.prediction import vocabulary
from flows.shards import KEYS
from flows.sinks.latest import LatestSink
from flows.sinks.ledger import LedgerSink
from flows.sinks.market import MarketSink
from flows.sinks.metrics import CallbackSink, MetricsSink
from flows.sinks.opportunities import OpportunitySink
from flows.sinks.partitions import SinglePartitionSink
from flows.sinks.whales import WhaleSink

WORDS = vocabulary()


def test_a_shard_has_the_partition_of_its_number() -> None:
    sink = MetricsSink(EngineMetrics(), WORDS)
    parts = sink.list_parts()
    assert [parts[sink.part_fn(key)] for key in KEYS] == parts == [f"{shard:03d}" for shard in range(SHARDS)]


@pytest.mark.parametrize(
    ("sink", "part"),
    [
        (CallbackSink(print), "all"),
        (LatestSink("", WORDS), "latest"),
        (LedgerSink("", "", WORDS), "ledger"),
        (MarketSink("", WORDS), "market"),
        (OpportunitySink("", ""), "opportunities"),
        (WhaleSink(""), "sightings"),
    ],
)
def test_a_sink_with_one_partition_puts_every_key_there(sink: SinglePartitionSink[Any, Any], part: str) -> None:
    assert sink.list_parts() == [part]
    assert {sink.part_fn(key) for key in KEYS} == {0}
