import math

import redis
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from store import latest
from store.latest import FeatureRow
from tests.store.conftest import AsyncCaller

values = st.dictionaries(st.sampled_from(("rsi_14", "ema_21", "naïve")), st.floats())
rows = st.builds(
    FeatureRow,
    instrument=st.sampled_from(("binance:BTCUSDT", "sim:ETHUSDT", "sim:A:B")),
    timeframe=st.sampled_from(("5m", "1h")),
    close_time=st.just("2024-08-08T23:55:00Z"),
    values=values,
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=40)
@given(batches=st.lists(st.lists(rows, max_size=4), max_size=3))
def test_latest_row_is_read(client: redis.Redis, call_redis: AsyncCaller, batches: list[list[FeatureRow]]) -> None:
    client.flushall()
    expected: dict[tuple[str, str], FeatureRow] = {}
    for batch in batches:
        latest.write(client, batch, ttl_s=60)
        for row in batch:
            warm = {name: value for name, value in row.values.items() if math.isfinite(value)}
            expected[row.instrument.partition(":")[2], row.timeframe] = row._replace(values=warm)
    for (symbol, frame), row in expected.items():
        assert call_redis(latest.read, symbol, frame) == row
        assert 55 < client.ttl(f"{symbol}:features:{frame}") <= 60
    assert len(client.keys()) == len(expected)
    assert call_redis(latest.read, "nothing", "5m") is None
