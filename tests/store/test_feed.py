import pytest
import redis
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from domain.errors import ServiceError, SettingError
from store import feed, redis_server
from tests.store.conftest import AsyncCaller

batches = st.lists(st.lists(st.integers(1, 60), unique=True, max_size=8).map(sorted), max_size=8)


def entries(numbers: list[int]) -> list[tuple[int, bytes]]:
    return [(number, f'{{"n":{number}}}'.encode()) for number in numbers]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=50)
@given(batches=batches)
def test_sequence_numbers_are_published_once_and_ascending(
    client: redis.Redis, call_redis: AsyncCaller, batches: list[list[int]]
) -> None:
    client.flushall()
    kept: list[int] = []
    for batch in batches:
        fresh = [n for n in batch if n > max(kept, default=0)]
        assert feed.publish(client, "signals", entries(batch)) == len(fresh)
        kept += fresh
    assert call_redis(feed.head, "signals") == max(kept, default=0) == feed.newest(client)
    assert call_redis(feed.tail, "signals", 5) == entries(kept)[-5:]
    assert call_redis(feed.read, {"signals": 0}, block_ms=0) == [("signals", *entry) for entry in entries(kept)]


def test_subscribers_receive_each_payload_once(client: redis.Redis) -> None:
    with client.pubsub() as listener:
        listener.subscribe(feed.key("signals"))
        assert listener.get_message(timeout=5)["type"] == "subscribe"
        for _ in range(2):
            feed.publish(client, "signals", entries([3, 5]))
        feed.publish(client, "signals", entries([9]))
        received = [listener.get_message(timeout=5)["data"] for _ in range(3)]
    assert received == [b'{"n":3}', b'{"n":5}', b'{"n":9}']


def test_read_resumes_each_channel_at_its_position(client: redis.Redis, call_redis: AsyncCaller) -> None:
    feed.publish(client, "signals", entries([1, 4]))
    feed.publish(client, "alerts", entries([2, 3]))
    positions = {"signals": 1, "alerts": 2, "composites": 0}
    assert sorted(call_redis(feed.read, positions, block_ms=0)) == [
        ("alerts", 3, b'{"n":3}'),
        ("signals", 4, b'{"n":4}'),
    ]
    assert call_redis(feed.read, {"signals": 4}, block_ms=0) == []
    assert call_redis(feed.read, {"signals": 4}, block_ms=20) == []
    assert call_redis(feed.read, {}, block_ms=20) == []


def test_large_batch_is_split_and_the_stream_is_trimmed(client: redis.Redis, call_redis: AsyncCaller) -> None:
    numbers = list(range(1, 2_502))
    assert call_redis(feed.is_complete, "signals")
    assert feed.publish(client, "signals", entries([1]), keep=500) == 1
    assert call_redis(feed.is_complete, "signals")
    assert feed.publish(client, "signals", entries(numbers), keep=500) == 2_500
    assert 500 <= client.xlen(feed.key("signals")) < 1_000
    assert not call_redis(feed.is_complete, "signals")
    assert call_redis(feed.tail, "signals", 2) == entries([2_500, 2_501])


def test_epoch_changes_only_when_data_is_lost(client: redis.Redis, call_redis: AsyncCaller) -> None:
    first = feed.epoch_blocking(client)
    assert call_redis(feed.epoch) == first
    feed.publish(client, "signals", entries([1]))
    assert call_redis(feed.epoch) == first
    client.flushall()
    second = call_redis(feed.epoch)
    assert second != first
    feed.renew_epoch(client)
    assert call_redis(feed.epoch) not in (first, second)


def test_other_errors_of_redis_are_raised(client: redis.Redis) -> None:
    client.set(feed.key("signals"), "a string")
    with pytest.raises(redis.ResponseError, match="WRONGTYPE"):
        feed.publish(client, "signals", entries([1]))


def test_full_redis_is_a_service_error(client: redis.Redis) -> None:
    maxmemory = client.config_get("maxmemory")["maxmemory"]
    client.config_set("maxmemory", "1mb")
    try:
        with pytest.raises(ServiceError, match="maxmemory"):
            feed.publish(client, "signals", [(1, b"x" * 2_000_000)])
    finally:
        client.config_set("maxmemory", maxmemory)


def test_unreachable_server_and_invalid_address() -> None:
    with redis_server.connect("unix:///nowhere/valkey.sock") as unreachable, pytest.raises(ServiceError, match="Redis"):
        feed.publish(unreachable, "signals", entries([1]))
    with pytest.raises(SettingError, match="redis://"):
        redis_server.connect("http://localhost")


def test_blocking_reader_reads_the_same(clean_redis_url: str) -> None:
    with feed.connect(clean_redis_url) as client:
        assert feed.ends(client, "alerts") == (0, 0)
        feed.publish(client, "alerts", [(3, b"c"), (5, b"e")])
        assert feed.read_blocking(client, {"alerts": 3, "signals": 0}, block_ms=1) == [("alerts", 5, b"e")]
        assert feed.read_blocking(client, {"alerts": 5}, block_ms=1) == []
        assert feed.ends(client, "alerts") == (3, 5)
