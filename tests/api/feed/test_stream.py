import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import httpx2
import pytest

from store import feed
from store.signals import payload
from tests.api.builders import emitted
from tests.api.conftest import Api
from tests.api.feed_schema import validated
from tests.until import until

Event = dict[str, Any]


@contextmanager
def events(api: Api, path: str = "/api/v1/stream/signals", last: str | None = None) -> Iterator[Iterator[Event]]:
    """The events of a stream, after its greeting and acknowledgement."""
    headers = {} if last is None else {"Last-Event-ID": last}
    with api.http.stream("GET", path, headers=headers, timeout=20) as response:
        assert response.status_code == 200, response.read()
        assert response.headers["content-type"] == "text/event-stream; charset=utf-8"
        stream = read(response)
        assert next(stream)["retry"] == "2000"
        assert next(stream)["event"] == "connected"
        assert next(stream)["event"] == "subscribed"
        yield stream


def read(response: httpx2.Response) -> Iterator[Event]:
    event: Event = {}
    for line in response.iter_lines():
        name, _, value = line.partition(": ")
        if line:
            event[name or "comment"] = validated(value) if name == "data" else value
        elif event:
            yield event
            event = {}


def seqs(stream: Iterator[Event], count: int) -> list[int]:
    return [next(stream)["data"]["seq"] for _ in range(count)]


def test_signals_stream_with_their_positions(api: Api) -> None:
    with events(api) as stream:
        api.publish([emitted(1), emitted(2)])
        for seq in (1, 2):
            event = next(stream)
            assert (event["event"], event["id"]) == ("signal", f"{api.resources.hub.epoch}:{seq}")
            assert (event["data"]["type"], event["data"]["seq"]) == ("signal", seq)
        assert len(api.resources.hub.clients) == 1
    until(lambda: not api.resources.hub.clients)


def test_filters_are_those_of_the_rest_lists(api: Api) -> None:
    rows = [emitted(number) for number in range(1, 30)]
    with events(api, "/api/v1/stream/signals?symbol=BTCUSDT&direction=long") as stream:
        published = api.publish(rows)
        expected = [
            seq for seq, row in zip(published, rows, strict=True) if row.symbol == "BTCUSDT" and row.direction == "long"
        ]
        assert seqs(stream, len(expected)) == expected


def test_a_reader_that_reconnects_receives_what_it_missed(serve: Callable[..., Api]) -> None:
    """From the ring, and older messages from Redis."""
    api = serve(ring_messages=30)
    until(lambda: api.resources.tail.connected)
    api.publish([emitted(number) for number in range(1, 121)])
    api.wait_for_ring()
    for seq in (1, 50, 119, 120):
        with events(api, last=f"{api.resources.hub.epoch}:{seq}") as stream:
            assert seqs(stream, 120 - seq) == list(range(seq + 1, 121))


def test_dropped_entries_are_a_gap_and_the_stream_continues_after_it(serve: Callable[..., Api]) -> None:
    api = serve(ring_messages=10)
    until(lambda: api.resources.tail.connected)
    rows = [emitted(number) for number in range(1, 1001)]
    feed.publish(api.redis, "signals", [(seq, payload(row)) for seq, row in enumerate(rows, 1)], keep=200)
    api.seq = len(rows)
    api.wait_for_ring()
    with events(api, last=f"{api.resources.hub.epoch}:5") as stream:
        gap = next(stream)
        assert (gap["event"], gap["data"]["from"], gap["data"]["reason"]) == ("gap", 6, "expired")
        assert gap["id"] == f"{api.resources.hub.epoch}:{gap['data']['to']}"
        assert seqs(stream, 1) == [gap["data"]["to"] + 1]


def test_a_position_of_another_epoch_is_a_gap(api: Api) -> None:
    api.publish([emitted(1)])
    api.wait_for_ring()
    with events(api, last="gone:7") as stream:
        gap = next(stream)
        assert (gap["event"], gap["data"]["reason"]) == ("gap", "epoch_changed")


def test_idle_readers_receive_a_comment(serve: Callable[..., Api]) -> None:
    api = serve(keepalive_s=0.2)
    with events(api) as stream:
        assert next(stream) == {"comment": "keepalive"}


@pytest.mark.parametrize(
    ("path", "last", "status", "code"),
    [
        ("/api/v1/stream/prices", None, 404, "not_found"),
        ("/api/v1/stream/signals?nope=1", None, 400, "invalid_parameter"),
        ("/api/v1/stream/signals?symbol=", None, 400, "invalid_parameter"),
        ("/api/v1/stream/signals", "7", 400, "invalid_parameter"),
        ("/api/v1/stream/signals", "{epoch}:7", 400, "invalid_message"),
    ],
)
def test_a_bad_request_is_refused_before_the_stream(
    api: Api, path: str, last: str | None, status: int, code: str
) -> None:
    headers = {"Last-Event-ID": last.format(epoch=api.resources.hub.epoch)} if last else {}
    assert api.get(path, status, headers=headers)["code"] == code
    assert not api.resources.hub.clients


def test_other_origins_are_refused(api: Api) -> None:
    problem = api.get("/api/v1/stream/signals", 403, headers={"Origin": "https://evil.example"})
    assert problem["code"] == "forbidden"


def test_a_reader_that_received_nothing_yet_has_a_position(api: Api) -> None:
    """A browser sends the newest id that it received; without one, it would lose what is published while it is away."""
    api.publish([emitted(1)])
    api.wait_for_ring()
    with api.http.stream("GET", "/api/v1/stream/signals", timeout=20) as response:
        first = next(event for event in read(response) if event.get("event") == "subscribed")
    api.publish([emitted(2), emitted(3)])
    with events(api, last=first["id"]) as stream:
        assert seqs(stream, 2) == [2, 3]
    with api.http.stream("GET", "/api/v1/stream/signals", headers={"Last-Event-ID": first["id"]}) as response:
        second = next(event for event in read(response) if event.get("event") == "subscribed")
        assert "id" not in second, "the missed messages are still to come"


def test_head_is_not_supported(api: Api) -> None:
    response = api.http.head("/api/v1/stream/signals", timeout=5)
    assert (response.status_code, response.headers["allow"]) == (405, "GET")


def test_a_reader_that_reads_nothing_is_disconnected(serve: Callable[..., Api]) -> None:
    api = serve(stuck_s=0.3)
    host, port = api.address.split(":")
    with socket.socket() as raw:
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        raw.connect((host, int(port)))
        raw.sendall(f"GET /api/v1/stream/signals HTTP/1.1\r\nHost: {api.address}\r\n\r\n".encode())
        until(lambda: api.resources.hub.clients)
        api.publish([emitted(number) for number in range(400)])
        until(lambda: not api.resources.hub.clients)


def test_an_exception_while_streaming_is_logged(
    api: Api, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def broken(*_: object) -> None:
        raise RuntimeError("a bug")

    with events(api) as stream:
        monkeypatch.setattr("api.feed.stream._send_chunk", broken)
        api.publish([emitted(1)])
        with pytest.raises(httpx2.RemoteProtocolError):
            list(stream)
    until(lambda: "task_failed name=events" in caplog.text)
    assert not api.resources.hub.clients


def test_streams_end_on_shutdown(serve: Callable[..., Api]) -> None:
    api = serve()
    with events(api) as stream:
        api.server.should_exit = True
        event = next(stream)
        assert event["event"] == "going_away"
        assert event["retry"] == str(event["data"]["reconnect_after_ms"]), "browsers reconnect after this delay"
        assert list(stream) == []
