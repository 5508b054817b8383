import math

import pytest
import redis
from bytewax.dataflow import Dataflow
from bytewax.operators import input as source
from bytewax.operators import output
from bytewax.testing import TestingSource, run_main

from domain.errors import ServiceError
from flows import slice_records
from flows.sinks.latest import LatestPartition, LatestSink
from store import latest
from store.latest import FeatureRow
from tests.flows.market import WORDS, market
from tests.store.conftest import AsyncCaller


def newest_rows() -> dict[tuple[str, str], FeatureRow]:
    """The last row of each symbol and frame, without features that are not warm."""
    rows = [row for each in market() if each.bars.size for row in slice_records.latest(each, WORDS)]
    warm = [row._replace(values={k: v for k, v in row.values.items() if math.isfinite(v)}) for row in rows]
    return {(row.instrument.partition(":")[2], row.timeframe): row for row in warm}


@pytest.mark.parametrize("size", [1, 7, 1_000])
def test_hashes_hold_the_newest_rows_in_any_batches(clean_redis_url: str, call_redis: AsyncCaller, size: int) -> None:
    writer = LatestPartition(clean_redis_url, WORDS, ttl_s=60, timeout_s=0)
    slices = list(market())
    for at in range(0, len(slices), size):
        writer.write_batch(slices[at : at + size])
    writer.close()
    expected = newest_rows()
    assert len(expected) == 4 * 3
    for (symbol, frame), row in expected.items():
        assert call_redis(latest.read, symbol, frame) == row


def test_sink_runs_in_a_dataflow(clean_redis_url: str, client: redis.Redis) -> None:
    flow = Dataflow("test")
    slices = source("slices", flow, TestingSource([("any key", each) for each in market()], batch_size=5))
    output("latest", slices, LatestSink(clean_redis_url, WORDS))
    run_main(flow)
    assert {name.decode() for name in client.scan_iter()} == {
        f"{symbol}:features:{frame}" for symbol, frame in newest_rows()
    }


def test_missing_redis_is_a_service_error_after_the_timeout() -> None:
    writer = LatestPartition("unix:///nowhere/valkey.sock", WORDS, ttl_s=60, timeout_s=0.1)
    with pytest.raises(ServiceError, match="Redis"):
        writer.write_batch(list(market()))
    writer.close()
