import asyncio
import json
import time
from collections.abc import Callable
from typing import Any

import pytest

from api import tasks
from api.feed.hub import Hub
from api.feed.reader import FeedReader
from api.feed.tail import Tail
from api.metrics import Metrics
from api.settings import ApiSettings
from domain.errors import ServiceError
from store import feed
from store.signals import payload
from tests.api.builders import alert_of, emitted
from tests.api.conftest import Api, receive, send_command, serve_on_valkey
from tests.until import until


def test_a_redis_restart_that_keeps_the_data_loses_nothing(serve: Callable[..., Api], start_valkey: Any) -> None:
    server = start_valkey(durable=True)
    api = serve_on_valkey(serve, server)
    epoch = api.resources.hub.epoch
    with api.websocket() as websocket:
        api.publish([emitted(number) for number in range(1, 6)])
        assert [receive(websocket)["seq"] for _ in range(5)] == [1, 2, 3, 4, 5]
        server.stop()
        until(lambda: not api.resources.tail.connected)
        assert [fault["name"] for fault in api.get("/readyz", 503)["errors"]] == ["feed"]
        server.start()
        api.publish([emitted(number) for number in range(6, 9)])
        assert [receive(websocket)["seq"] for _ in range(3)] == [6, 7, 8]
    assert api.resources.hub.epoch == epoch
    assert api.get("/readyz") == {"status": "ready"}


def test_a_redis_restart_that_loses_the_data_is_announced(serve: Callable[..., Api], start_valkey: Any) -> None:
    server = start_valkey(durable=False)
    api = serve_on_valkey(serve, server)
    epoch = api.resources.hub.epoch
    with api.websocket("/api/v1/ws/signals") as websocket:
        api.publish([emitted(number) for number in range(1, 6)])
        assert [receive(websocket)["seq"] for _ in range(5)] == [1, 2, 3, 4, 5]
        server.stop()
        server.start()
        gap = receive(websocket)
        assert (gap["type"], gap["from"], gap["to"], gap["reason"]) == ("gap", 6, None, "epoch_changed")
        assert gap["epoch"] == api.resources.hub.epoch != epoch
        assert gap["backfill"].startswith("/api/v1/signals?limit=1000&since=2026-11-20T")
        api.publish([emitted(6), emitted(7)])
        assert [receive(websocket)["seq"] for _ in range(2)] == [6, 7]
        since = {"epoch": gap["epoch"], "seq": 6}
        assert send_command(websocket, op="subscribe", channel="signals", since=since)["recovered"] is True
        assert receive(websocket)["seq"] == 7


def test_messages_published_while_redis_restarts_are_delivered(serve: Callable[..., Api], start_valkey: Any) -> None:
    server = start_valkey(durable=False)
    api = serve_on_valkey(serve, server)
    with api.websocket("/api/v1/ws/signals") as websocket:
        api.publish([emitted(1)])
        assert receive(websocket)["seq"] == 1
        server.stop()
        until(lambda: not api.resources.tail.connected)
        time.sleep(0.3)  # so that the pause between attempts outlasts what follows
        server.start()
        api.publish([emitted(number) for number in range(2, 50)])
        assert receive(websocket)["type"] == "gap"
        assert [receive(websocket)["seq"] for _ in range(48)] == list(range(2, 50))


def test_streams_deleted_under_an_open_connection_are_noticed(api: Api) -> None:
    with api.websocket("/api/v1/ws/signals") as websocket:
        api.publish([emitted(1), emitted(2), emitted(3)])
        assert [receive(websocket)["seq"] for _ in range(3)] == [1, 2, 3]
        api.redis.flushall()
        assert receive(websocket)["reason"] == "epoch_changed"
        api.seq = 0  # as after a reset of the ledger
        api.publish([emitted(4)])
        assert receive(websocket)["seq"] == 1


def test_an_epoch_ended_by_another_process_is_noticed_and_nothing_is_sent_twice(api: Api) -> None:
    with api.websocket("/api/v1/ws/signals") as websocket:
        api.publish([emitted(1), emitted(2)])
        assert [receive(websocket)["seq"] for _ in range(2)] == [1, 2]
        feed.renew_epoch(api.redis)
        assert receive(websocket)["reason"] == "epoch_changed"
        api.publish([emitted(3)])
        assert receive(websocket)["seq"] == 3


def test_killed_redis_connections_lose_nothing(api: Api) -> None:
    with api.websocket() as websocket:
        for begin in range(1, 1001, 50):
            api.publish([emitted(number) for number in range(begin, begin + 50)])
            for client in api.redis.client_list():
                if client["cmd"] == "xread":
                    api.redis.client_kill_filter(_id=client["id"])
        assert [receive(websocket)["seq"] for _ in range(1000)] == list(range(1, 1001))


def test_an_invalid_entry_is_counted_and_skipped(api: Api) -> None:
    with api.websocket() as websocket:
        api.publish([emitted(1)])
        api.redis.xadd("feed:signals", {"d": b"not a signal"}, id="2-0")
        api.redis.xadd("feed:signals", {"other": b"another writer"}, id="3-0")
        api.seq = 3
        api.publish([emitted(4)])
        assert [receive(websocket)["seq"] for _ in range(2)] == [1, 4]
    assert 'feed_refused_total{channel="signals"} 2.0' in api.http.get("/metrics").text


def test_without_redis_a_resume_that_needs_it_fails_as_retryable(serve: Callable[..., Api], start_valkey: Any) -> None:
    server = start_valkey(durable=True)
    api = serve_on_valkey(serve, server, ring_messages=12)
    api.publish([emitted(number) for number in range(1, 101)])
    api.wait_for_ring()
    since = {"epoch": api.resources.hub.epoch, "seq": 5}
    server.stop()
    with api.websocket() as websocket:
        error = send_command(websocket, op="subscribe", id=3, channel="signals", since=since)
        assert (error["type"], error["id"], error["code"], error["retryable"]) == ("error", 3, "unavailable", True)
        server.start()
        until(lambda: api.resources.tail.connected)
        assert send_command(websocket, op="subscribe", channel="signals", since=since)["recovered"] is True
        assert [receive(websocket)["seq"] for _ in range(95)] == list(range(6, 101))


@pytest.mark.parametrize("seen", [0, 3])
def test_entries_dropped_during_an_outage_are_announced(clean_redis_url: str, seen: int) -> None:
    """The tail is stopped and run again, which equals an outage; the channel may have been empty before."""
    hub = Hub(ApiSettings(ring_messages=1000), Metrics(), time.perf_counter)
    writer = feed.connect(clean_redis_url)

    def publish(first: int, last: int) -> None:
        feed.publish(writer, "signals", [(seq, payload(emitted(seq))) for seq in range(first, last + 1)], keep=50)

    async def follow_until(tail: Tail, seq: int) -> None:
        running = tasks.start("tail", tail.run())
        async with asyncio.timeout(20):
            while not hub.epoch or hub.ring.newest["signals"] < seq:  # noqa: ASYNC110  the ring has no event
                await asyncio.sleep(0.01)
        await tasks.stop([running])

    async def scenario() -> None:
        reader = FeedReader(clean_redis_url)
        tail = Tail(reader, hub, hub.metrics, now_ns=time.time_ns, steady_s=time.perf_counter)
        publish(1, seen)
        await follow_until(tail, seen)
        publish(seen + 1, 1000)
        await follow_until(tail, 1000)
        await reader.close()

    asyncio.run(scenario())
    entries: Any = writer.xrange("feed:signals", count=1)
    oldest = int(entries[0][0].partition(b"-")[0])
    writer.close()
    messages = [hub.ring[position] for position in range(hub.ring.tail, hub.ring.head)]
    assert oldest > 100
    assert [message.seq for message in messages] == [*range(1, seen + 1), oldest - 1, *range(oldest, 1001)]
    gap = json.loads(messages[seen].body)
    assert (gap["type"], gap["from"], gap["to"], gap["reason"]) == ("gap", seen + 1, oldest - 1, "lost_upstream")
    assert gap["backfill"] == "/api/v1/signals?limit=1000" + ("&since=2026-11-20T11%3A53%3A00Z" if seen else "")


def test_complete_streams_are_recognised_as_complete(clean_redis_url: str) -> None:
    async def scenario() -> bool:
        reader = FeedReader(clean_redis_url)
        writer = feed.connect(clean_redis_url)
        complete = True
        for seq in (3, 10, 11, 50):  # gaps between seqs are natural
            feed.publish(writer, "signals", [(seq, b"{}")])
            complete &= (await reader.following("signals", seq)).complete
            complete &= (await reader.following("signals", 3)).complete
            complete &= (await reader.following("signals", 0)).complete
        writer.close()
        await reader.close()
        return complete

    assert asyncio.run(scenario())


class WaitsToRead(FeedReader):
    """Its reads of new entries wait for `may_read`, so that entries accumulate."""

    def __init__(self, url: str) -> None:
        super().__init__(url)
        self.may_read = asyncio.Event()

    async def next(self, positions: dict[str, int], block_ms: int) -> list[tuple[str, int, bytes]]:
        await self.may_read.wait()
        return await super().next(positions, block_ms)


class FailsOnce(WaitsToRead):
    """Fails once, in the middle of the check for lost entries."""

    def __init__(self, url: str) -> None:
        super().__init__(url)
        self.fails = True

    async def has_all_after(self, channel: str, seq: int) -> bool:
        if channel == "alerts" and self.fails:
            self.fails = False
            raise ServiceError("Redis: gone")
        return await super().has_all_after(channel, seq)


@pytest.mark.parametrize("keep", [50, 1000])
def test_a_burst_on_an_empty_channel_is_a_gap_only_if_entries_were_dropped(clean_redis_url: str, keep: int) -> None:
    """The first seq of a channel is rarely 1."""
    hub = Hub(ApiSettings(ring_messages=1000), Metrics(), time.perf_counter)
    writer = feed.connect(clean_redis_url)

    async def scenario() -> None:
        reader = WaitsToRead(clean_redis_url)
        tail = Tail(reader, hub, hub.metrics, now_ns=time.time_ns, steady_s=time.perf_counter)
        running = tasks.start("tail", tail.run())
        await asyncio.wait_for(tail.attempted.wait(), 20)
        feed.publish(writer, "signals", [(seq, payload(emitted(seq))) for seq in range(31, 931)], keep=keep)
        reader.may_read.set()
        async with asyncio.timeout(20):
            while hub.ring.newest["signals"] < 930:  # noqa: ASYNC110  the ring has no event
                await asyncio.sleep(0.01)
        await tasks.stop([running])
        await reader.close()

    asyncio.run(scenario())
    entries: Any = writer.xrange("feed:signals", count=1)
    oldest = int(entries[0][0].partition(b"-")[0])
    writer.close()
    messages = [hub.ring[position] for position in range(hub.ring.tail, hub.ring.head)]
    gap = [] if keep == 1000 else [oldest - 1]
    assert (oldest == 31) is (keep == 1000)
    assert [message.seq for message in messages] == [*gap, *range(oldest, 931)]
    assert [message.seq for message in messages if message.kind == "gap"] == gap


def test_a_loss_is_announced_once_although_redis_fails_in_between(clean_redis_url: str) -> None:
    hub = Hub(ApiSettings(ring_messages=1000), Metrics(), time.perf_counter)
    writer = feed.connect(clean_redis_url)

    def publish(first: int, last: int) -> None:
        for channel, payload_of in (("signals", payload), ("alerts", alert_of)):
            feed.publish(writer, channel, [(seq, payload_of(emitted(seq))) for seq in range(first, last + 1)], keep=50)

    async def scenario() -> None:
        reader = FailsOnce(clean_redis_url)
        tail = Tail(reader, hub, hub.metrics, now_ns=time.time_ns, steady_s=time.perf_counter)
        publish(1, 3)
        running = tasks.start("tail", tail.run())
        async with asyncio.timeout(20):
            while not tail.connected:  # noqa: ASYNC110  the tail has no event
                await asyncio.sleep(0.01)
            publish(4, 1000)
            reader.may_read.set()
            while hub.ring.newest["alerts"] < 1000:  # noqa: ASYNC110
                await asyncio.sleep(0.01)
        await tasks.stop([running])
        await reader.close()
        assert not reader.fails

    asyncio.run(scenario())
    writer.close()
    messages = [hub.ring[position] for position in range(hub.ring.tail, hub.ring.head)]
    gaps = [(message.channel, message.seq) for message in messages if message.kind == "gap"]
    assert sorted(channel for channel, _ in gaps) == ["alerts", "signals"]
