import asyncio
import threading
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from websockets.exceptions import InvalidStatus

from api.errors import ProblemError
from api.feed.filters import ANY
from api.feed.hub import Hub
from api.feed.messages import Since, Subscribe
from api.feed.push import message_of
from api.feed.reader import FeedReader
from api.feed.resume import Resume
from api.metrics import Metrics
from api.settings import ApiSettings
from store import feed
from store.signals import payload
from tests.api.builders import emitted
from tests.api.conftest import Api, receive, send_command
from tests.api.feed.recording_sink import RecordingSink
from tests.until import until


def resume(api: Api, websocket: Any, seq: int, **more: Any) -> dict[str, Any]:
    since = {"epoch": api.resources.hub.epoch, "seq": seq}
    return send_command(websocket, op="subscribe", id=1, channel="signals", since=since, **more)


def test_any_position_is_resumed_with_all_later_messages_then_new_ones(serve: Callable[..., Api]) -> None:
    """The ring holds the newest thirty messages; older ones are read from Redis."""
    api = serve(ring_messages=30)
    published = api.publish([emitted(number) for number in range(1, 121)])
    api.wait_for_ring()
    for seq in (1, 7, 50, 89, 90, 91, 100, 119, 120):
        with api.websocket() as websocket:
            ack = resume(api, websocket, seq)
            assert (ack["type"], ack["id"], ack["recovered"], ack["seq"]) == ("subscribed", 1, True, len(published))
            missed = published[published.index(seq) + 1 :]
            assert [receive(websocket)["seq"] for _ in missed] == missed
            published += api.publish([emitted(len(published) + 1)])
            assert receive(websocket)["seq"] == published[-1]


def test_a_long_backlog_is_read_in_pages_while_new_messages_arrive(serve: Callable[..., Api]) -> None:
    api = serve(ring_messages=50)
    api.publish([emitted(number) for number in range(3_000)])
    api.wait_for_ring()
    with api.websocket() as websocket:
        assert resume(api, websocket, 1)["recovered"] is True
        arriving = threading.Thread(target=lambda: [api.publish([emitted(number)]) for number in range(3_000, 3_100)])
        arriving.start()
        assert [receive(websocket)["seq"] for _ in range(3_099)] == list(range(2, 3_101))
        arriving.join()


def test_a_filter_applies_to_missed_messages(serve: Callable[..., Api]) -> None:
    api = serve(ring_messages=10)
    rows = [emitted(number) for number in range(1, 101)]
    api.publish(rows)
    api.wait_for_ring()
    with api.websocket() as websocket:
        assert resume(api, websocket, 5, filter={"symbols": ["BTCUSDT"]})["recovered"] is True
        expected = [seq for seq, row in enumerate(rows, 1) if seq > 5 and row.symbol == "BTCUSDT"]
        assert [receive(websocket)["seq"] for _ in expected] == expected


def test_entries_dropped_by_redis_are_a_gap_and_the_rest_is_delivered(serve: Callable[..., Api]) -> None:
    api = serve(ring_messages=10)
    rows = [emitted(number) for number in range(1, 1001)]
    feed.publish(api.redis, "signals", [(seq, payload(row)) for seq, row in enumerate(rows, 1)], keep=200)
    api.seq = len(rows)
    api.wait_for_ring()
    entries: Any = api.redis.xrange("feed:signals", count=1)
    oldest = int(entries[0][0].partition(b"-")[0])
    assert oldest > 500
    with api.websocket() as websocket:
        assert resume(api, websocket, 5)["recovered"] is False
        gap = receive(websocket)
        assert (gap["type"], gap["from"], gap["to"], gap["reason"]) == ("gap", 6, oldest - 1, "expired")
        assert gap["backfill"] == "/api/v1/signals?limit=1000"
        assert [receive(websocket)["seq"] for _ in range(oldest, 1001)] == list(range(oldest, 1001))


def test_a_position_of_another_epoch_is_a_gap(api: Api) -> None:
    api.publish([emitted(number) for number in range(1, 11)])
    api.wait_for_ring()
    with api.websocket() as websocket:
        ack = send_command(websocket, op="subscribe", id=1, channel="signals", since={"epoch": "gone", "seq": 4})
        assert (ack["recovered"], ack["epoch"], ack["seq"]) == (False, api.resources.hub.epoch, 10)
        gap = receive(websocket)
        assert (gap["type"], gap["from"], gap["to"], gap["reason"]) == ("gap", 5, None, "epoch_changed")
        api.publish([emitted(11)])
        assert receive(websocket)["seq"] == 11


def test_a_position_ahead_of_the_stream_is_an_error_and_changes_nothing(api: Api) -> None:
    api.publish([emitted(1)])
    api.wait_for_ring()
    with api.websocket() as websocket:
        error = resume(api, websocket, 2)
        assert (error["type"], error["code"]) == ("error", "invalid_message")
        assert error["detail"] == "since.seq 2 is ahead of the newest message of signals, 1"
        api.publish([emitted(2)], "alerts")
        assert receive(websocket)["channel"] == "alerts"


def test_no_stream_starts_before_redis_was_reached(serve: Callable[..., Api], start_valkey: Any) -> None:
    """A client without an epoch could not resume what it received."""
    own = start_valkey(durable=True)
    url = own.url
    own.stop()
    api = serve(redis_url=url)
    problem = api.get("/api/v1/stream/signals", 503)
    assert (problem["code"], problem["retryable"]) == ("unavailable", True)
    with pytest.raises(InvalidStatus) as refused, api.websocket():
        pass
    assert refused.value.response.status_code == 503
    own.start()
    until(lambda: api.resources.hub.epoch)
    with api.websocket() as websocket:
        assert send_command(websocket, op="subscribe", channel="signals")["epoch"] == api.resources.hub.epoch


def test_a_server_that_has_started_has_reached_redis(serve: Callable[..., Api]) -> None:
    assert serve().resources.hub.epoch


def test_clients_resume_after_a_restart_of_the_api(serve: Callable[..., Api]) -> None:
    first = serve()
    first.publish([emitted(number) for number in range(1, 101)])
    first.wait_for_ring()
    first.stop()
    second = serve()
    until(lambda: second.resources.tail.connected)
    assert second.resources.hub.epoch == first.resources.hub.epoch
    with second.websocket() as websocket:
        assert resume(second, websocket, 40)["recovered"] is True
        assert [receive(websocket)["seq"] for _ in range(60)] == list(range(41, 101))


def test_a_position_before_the_first_message_misses_nothing_after_a_restart(serve: Callable[..., Api]) -> None:
    """The first seq of a channel is rarely 1, and a stream that never dropped an entry has no gap before it."""
    first = serve()
    first.seq = 30
    first.publish([emitted(number) for number in range(31, 36)])
    first.wait_for_ring()
    first.stop()
    second = serve()
    until(lambda: second.resources.tail.connected)
    with second.websocket() as websocket:
        assert resume(second, websocket, 0)["recovered"] is True
        assert [receive(websocket)["seq"] for _ in range(5)] == [31, 32, 33, 34, 35]


def test_channels_resume_independently(api: Api) -> None:
    for number in range(1, 21):
        api.publish([emitted(number)], "signals" if number % 2 else "alerts")
        api.wait_for_ring("signals" if number % 2 else "alerts")
    with api.websocket() as websocket:
        assert resume(api, websocket, 11)["recovered"] is True
        assert [receive(websocket)["seq"] for _ in range(4)] == [13, 15, 17, 19]
        since = {"epoch": api.resources.hub.epoch, "seq": 4}
        assert send_command(websocket, op="subscribe", channel="alerts", since=since)["recovered"] is True
        assert [receive(websocket)["seq"] for _ in range(8)] == [6, 8, 10, 12, 14, 16, 18, 20]
        api.publish([emitted(21)])
        assert receive(websocket)["seq"] == 21


def test_a_resume_from_the_ring_needs_no_redis_and_skips_nothing_on_other_channels() -> None:
    at = datetime(2026, 11, 20, tzinfo=UTC)

    async def scenario() -> list[dict[str, Any]]:
        hub = Hub(ApiSettings(), Metrics(), lambda: 0.0)
        hub.begin_epoch("e", {"signals": 0, "alerts": 0})
        sink = RecordingSink(hub)
        hub.join(sink.client, ("signals", "alerts"), ANY)
        hub.pause_writing(sink.client)
        rows = [(("signals", "alerts")[seq % 2], seq) for seq in range(1, 11)]
        hub.publish([message_of(channel, seq, payload(emitted(seq)), at) for channel, seq in rows])
        reader = FeedReader("redis://127.0.0.1:9/0")
        resume = Resume(hub, reader, lambda: at)
        sink.client.uses_default_channels = False
        assert resume.subscribe(sink.client, Subscribe("alerts", since=Since("e", 5))) is None
        hub.resume_writing(sink.client)
        await reader.close()
        return sink.take()

    greeting, ack, *streamed = asyncio.run(scenario())
    assert (greeting["type"], ack["type"], ack["recovered"]) == ("connected", "subscribed", True)
    assert [message["seq"] for message in streamed] == [2, 4, 6, 7, 8, 9, 10]


def test_mode_disconnect_receives_a_gap_for_what_expired_before_it_resumed(serve: Callable[..., Api]) -> None:
    """Closing it would make it resume from the same position for ever."""
    api = serve(ring_messages=10)
    rows = [emitted(number) for number in range(1, 1001)]
    feed.publish(api.redis, "signals", [(seq, payload(row)) for seq, row in enumerate(rows, 1)], keep=200)
    api.seq = len(rows)
    api.wait_for_ring()
    with api.websocket() as websocket:
        assert resume(api, websocket, 5, mode="disconnect")["recovered"] is False
        gap = receive(websocket)
        assert (gap["type"], gap["from"], gap["reason"]) == ("gap", 6, "expired")
        assert [receive(websocket)["seq"] for _ in range(gap["to"], 1000)] == list(range(gap["to"] + 1, 1001))


def test_a_position_of_an_epoch_not_begun_here_yet_is_refused_as_retryable(clean_redis_url: str) -> None:
    """Another server began it first; a new start here would repeat what the client received there."""

    async def scenario() -> ProblemError:
        hub = Hub(ApiSettings(), Metrics(), lambda: 0.0)
        hub.begin_epoch("old", {"signals": 0})
        reader = FeedReader(clean_redis_url)
        resume = Resume(hub, reader, lambda: datetime(2026, 11, 20, tzinfo=UTC))
        rest = resume.subscribe(RecordingSink(hub).client, Subscribe("signals", since=Since(await reader.epoch(), 3)))
        assert rest is not None
        try:
            with pytest.raises(ProblemError) as caught:
                await rest
        finally:
            await reader.close()
        return caught.value

    problem = asyncio.run(scenario())
    assert (problem.kind.code, problem.kind.retryable) == ("unavailable", True)
