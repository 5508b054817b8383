"""The WebSocket protocol class, as seen by clients over real sockets."""

import json
import socket
import struct
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from websockets.sync.client import connect

from api.websocket.protocol import WebSocketProtocol
from tests.api.builders import emitted
from tests.api.conftest import Api, receive
from tests.api.raw_client import RawClient, raw_client
from tests.api.security.keys import REQUIRED
from tests.api.websocket.frames import client_frame
from tests.api.websocket.test_parser import INVALID
from tests.until import until


def test_a_fragmented_text_with_a_ping_in_between_is_one_command(api: Api) -> None:
    with raw_client(api.address) as client:
        next(client.messages())
        command = json.dumps({"op": "unsubscribe", "id": "grün", "channel": "signals"}).encode()
        client.send(client_frame(command[:40], fin=False) + client_frame(b"there?", 9) + client_frame(command[40:], 0))
        assert client.frame() == (10, b"there?")
        assert json.loads(client.frame()[1]) == {"type": "unsubscribed", "id": "grün", "channel": "signals"}


@pytest.mark.parametrize(("sent", "code"), [case for case in INVALID if case[1] != 1009])
def test_an_invalid_frame_closes_the_connection_with_its_code(api: Api, sent: bytes, code: int) -> None:
    with raw_client(api.address) as client:
        client.send(sent + client_frame(b"more data after the invalid frame"))
        *_, last = client.messages()
        assert last == {"close": code}
        assert client.is_eof()
    until(lambda: not api.resources.hub.clients)


def test_a_message_too_large_closes_with_1009_before_it_is_received(api: Api) -> None:
    with raw_client(api.address) as client:
        client.send(client_frame(b"x" * 1_000_000))
        *_, last = client.messages()
        assert last == {"close": 1009}


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.binary(max_size=400))
def test_random_bytes_affect_only_their_own_connection(api: Api, noise: bytes) -> None:
    with raw_client(api.address) as client:
        client.send(noise)
        client.send(client_frame(b"", 8))
        client.send_eof()
        for message in client.messages():
            assert message.get("close", 1000) in (1000, 1002, 1007, 1009) or message["type"] in ("connected", "error")
    assert api.http.get("/livez").status_code == 200


def test_a_close_frame_is_answered_with_its_code(api: Api) -> None:
    for payload, code in ((b"", 1000), (struct.pack("!H", 1001), 1001), (struct.pack("!H", 4999) + b"bye", 4999)):
        with raw_client(api.address) as client:
            client.send(client_frame(payload, 8) + client_frame(b"too late"))
            *_, last = client.messages()
            assert last == {"close": code}
            assert client.is_eof()


def test_a_client_that_does_not_answer_a_close_frame_is_disconnected(serve: Callable[..., Api]) -> None:
    api = serve(stuck_s=0.3)
    with raw_client(api.address) as client:
        client.send(client_frame(b"\x00", 2))
        *_, last = client.messages()
        assert last == {"close": 1003}
        assert client.is_eof()
    until(lambda: not api.resources.hub.clients)


def test_a_silent_client_is_pinged_and_then_closed(serve: Callable[..., Api]) -> None:
    """Its connection may be half-open."""
    api = serve(ping_s=0.2)
    with raw_client(api.address) as silent, api.websocket() as answering:
        assert json.loads(silent.frame()[1])["type"] == "connected"
        assert silent.frame() == (9, b"")
        assert silent.frame() == (8, struct.pack("!H", 4408) + b"pings were not answered")
        api.publish([emitted(1)])
        assert receive(answering)["seq"] == 1


def test_a_client_that_does_not_read_its_pongs_is_closed_before_they_fill_memory(api: Api) -> None:
    with raw_client(api.address) as client:
        until(lambda: api.resources.hub.clients)
        (blocked,) = api.resources.hub.clients
        api.publish([emitted(number) for number in range(400)])
        until(lambda: blocked.blocked_since_s is not None)
        client.flood(client_frame(b"x" * 125, 9) * 100, 100)
        until(lambda: blocked.closing is not None)
        assert blocked.closing is not None
        assert blocked.closing[:2] == (4408, "replies were not read; reconnect and resume")
        assert isinstance(blocked.sink, WebSocketProtocol)
        assert blocked.sink.transport.get_write_buffer_size() < 200_000
        *_, last = client.messages()
    assert last == {"close": 4408}


def test_a_message_larger_than_every_buffer_arrives_whole_and_in_order(api: Api) -> None:
    features = {f"feature_{number}": number / 7 for number in range(20_000)}
    with api.websocket(compression=None, max_size=None) as plain, api.websocket(max_size=None) as compressed:
        api.publish([emitted(1, features=features), emitted(2)])
        for websocket in (plain, compressed):
            assert receive(websocket)["data"]["features"] == features
            assert receive(websocket)["seq"] == 2


@pytest.mark.parametrize("offered", [False, True])
def test_compression_is_used_only_if_offered(api: Api, offered: bool) -> None:
    compression = "deflate" if offered else None
    with connect(f"ws://{api.address}/ws/feed", proxy=None, compression=compression) as websocket:
        assert receive(websocket)["type"] == "connected"
        extensions = websocket.response.headers.get("sec-websocket-extensions", "") if websocket.response else ""
        assert ("server_no_context_takeover" in extensions) is offered
        rows = [emitted(number) for number in range(1, 40)]
        api.publish(rows)
        assert [receive(websocket)["seq"] for _ in rows] == list(range(1, 40))
        websocket.send(json.dumps({"op": "unsubscribe", "id": 1, "channel": "signals", "pad": "x" * 300}))
        assert receive(websocket)["code"] == "invalid_message"


def test_a_compressed_frame_is_smaller(api: Api) -> None:
    offer = "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits\r\n"
    with raw_client(api.address, headers=offer) as compressed, raw_client(api.address) as plain:
        compressed.frame()
        plain.frame()
        api.publish([emitted(1)])
        assert len(compressed.frame()[1]) < 0.6 * len(plain.frame()[1])


@contextmanager
def connection(api: Api, request: str) -> Iterator[RawClient]:
    """A connection on which `request` was sent, without waiting for a response."""
    host, port = api.address.split(":")
    client = RawClient(socket.create_connection((host, int(port)), timeout=20))
    try:
        client.send(request.encode())
        yield client
    finally:
        client.close()


HEAD = "GET /ws/feed HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
KEY = "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
VERSION = "Sec-WebSocket-Version: 13\r\n"


@pytest.mark.parametrize(
    "head",
    [
        HEAD + KEY,
        HEAD + VERSION,
        HEAD + KEY + "Sec-WebSocket-Version: 8\r\n",
        HEAD + VERSION + "Sec-WebSocket-Key: short\r\n",
        HEAD + VERSION + KEY + KEY,
        HEAD.replace("GET", "POST") + VERSION + KEY,
    ],
)
def test_an_invalid_handshake_is_refused(api: Api, head: str) -> None:
    with connection(api, head + "\r\n") as client:
        response = client.read_all().decode()
        assert response.startswith("HTTP/1.1 400 ")
        assert "sec-websocket-version: 13" in response
        assert json.loads(response.partition("\r\n\r\n")[2])["code"] == "invalid_message"


INCOMPLETE = [
    "",
    "GET /ws/feed HTTP/1.1\r\nHost: 127.0.0.1\r\n",
    HEAD + VERSION,
    "POST / HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 9\r\n\r\nx",
]


@pytest.mark.parametrize("sent", INCOMPLETE)
def test_an_incomplete_request_times_out(serve: Callable[..., Api], sent: str) -> None:
    api = serve(head_s=0.3)
    started_s = time.monotonic()
    with connection(api, sent) as client:
        assert client.read_all().startswith(b"HTTP/1.1 408 ") is not sent.startswith("POST")
    assert time.monotonic() - started_s < 15
    until(lambda: not api.resources.incomplete_requests)


def test_an_endless_head_is_refused(api: Api) -> None:
    with connection(api, "GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nX: ") as client:
        assert client.flood(b"x" * 10_000, 100) < 100


def test_a_client_that_disconnects_during_the_handshake_is_released(api: Api) -> None:
    for _ in range(20):
        with connection(api, HEAD + VERSION + KEY + "\r\n"):
            pass
    until(lambda: not api.resources.hub.clients)


def test_a_handshake_in_progress_when_the_server_stops_is_answered_with_503(serve: Callable[..., Api]) -> None:
    api = serve(security=REQUIRED)
    until(lambda: api.resources.tail.connected)
    api.redis.client_pause(2_000)  # so that the lookup of the ticket takes this long
    with connection(api, HEAD.replace("feed", "feed?ticket=some") + VERSION + KEY + "\r\n") as client:
        until(lambda: any(task.get_name() == "handshake" for task in list(api.server.server_state.tasks)))
        api.server.should_exit = True
        response = client.read_all().decode()
    assert response.startswith("HTTP/1.1 503 ")
    assert "retry-after: " in response
    problem = json.loads(response.partition("\r\n\r\n")[2])
    assert (problem["code"], problem["retryable"]) == ("unavailable", True)
