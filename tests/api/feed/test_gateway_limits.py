"""Limits of the gateway, and how it behaves without one of its services; over both transports."""

import json
import socket
from collections.abc import Callable
from contextlib import ExitStack, suppress

import msgspec
from websockets.exceptions import ConnectionClosed

from api.feed.session import INVALID_MAX
from tests.api.builders import emitted
from tests.api.conftest import Api, receive, send_command
from tests.api.feed.test_gateway import (
    refusal,
    transport,  # noqa: F401  the fixture that runs each test over both
    until_closed,
)
from tests.api.raw_client import raw_client
from tests.api.security.keys import REQUIRED, key_headers
from tests.until import until


def test_too_many_invalid_messages_in_a_row_close(serve: Callable[..., Api]) -> None:
    api = serve(messages_per_s=100)
    with api.websocket() as websocket:
        with suppress(ConnectionClosed):
            for _ in range(INVALID_MAX + 5):
                websocket.send('{"op":"subscribe","channel":"prices"}')
        code, messages = until_closed(websocket)
    assert (code, len(messages)) == (4400, INVALID_MAX)
    assert {one["code"] for one in messages} == {"invalid_message"}


def test_many_subscribes_at_once_are_executed_one_by_one_in_order(serve: Callable[..., Api]) -> None:
    """Each needs entries that only Redis has; the last one counts, and each is acknowledged before the next."""
    api = serve(messages_per_s=100, ring_messages=10)
    until(lambda: api.resources.tail.connected)
    api.publish([emitted(number) for number in range(1, 301)])
    api.wait_for_ring()
    since = {"epoch": api.resources.hub.epoch, "seq": 1}
    with api.websocket() as websocket, api.websocket() as other:
        for number in range(100):
            websocket.send(json.dumps({"op": "subscribe", "id": number, "channel": "signals", "since": since}))
        acks, last = [], 0
        while len(acks) < 100 or last < 300:
            message = receive(websocket)
            if message["type"] == "subscribed":
                acks.append(message["id"])
            else:
                last = message["seq"]
        assert acks == list(range(100))
        api.publish([emitted(301)])
        assert receive(other)["seq"] == 301
        assert receive(websocket)["seq"] == 301


def test_the_number_of_symbols_in_a_filter_is_limited(api: Api) -> None:
    with api.websocket() as websocket:
        symbols = [f"S{number}" for number in range(201)]
        assert (
            send_command(websocket, op="subscribe", channel="signals", filter={"symbols": symbols})["type"] == "error"
        )
        assert (
            send_command(websocket, op="subscribe", channel="signals", filter={"symbols": symbols[1:]})["type"]
            == "subscribed"
        )


def test_signals_stream_without_postgres(serve: Callable[..., Api]) -> None:
    api = serve(database="postgresql://nobody@127.0.0.1:9/none")
    until(lambda: api.resources.tail.connected)
    with api.websocket() as websocket:
        api.publish([emitted(1)])
        assert receive(websocket)["seq"] == 1


def test_a_minimum_interval_holds_over_a_real_connection(api: Api) -> None:
    with api.websocket() as websocket:
        command = {"op": "subscribe", "channel": "signals", "mode": "latest", "min_interval_ms": 300}
        assert send_command(websocket, **command)["type"] == "subscribed"
        api.publish([emitted(3)])
        assert receive(websocket)["seq"] == 1
        for number in range(2, 30):  # all of one symbol and timeframe
            api.publish([emitted(6 * number + 3, symbol="BTCUSDT", timeframe="5m")])
        received = [receive(websocket)["seq"]]
        while received[-1] < 29:
            received.append(receive(websocket)["seq"])
        assert len(received) < 15


def test_connections_per_address_are_limited(serve: Callable[..., Api]) -> None:
    api = serve(security=msgspec.structs.replace(REQUIRED, proxies=1), clients_per_address_max=2)
    key = key_headers(api, "stream")

    def headers_from(address: str) -> dict[str, str]:
        return {**key, "x-forwarded-for": address}

    with ExitStack() as connections:
        for address in ("203.0.113.1", "203.0.113.1", "203.0.113.2", "203.0.113.2"):
            connections.enter_context(api.websocket(additional_headers=headers_from(address)))
        status, problem = refusal(api, "/ws/feed", additional_headers=headers_from("203.0.113.1"))
        assert (status, problem["code"], problem["retryable"]) == (503, "unavailable", True)
        assert api.get("/api/v1/stream/signals", 503, headers=headers_from("203.0.113.2"))["code"] == "unavailable"
        connections.enter_context(api.websocket(additional_headers=headers_from("203.0.113.3")))
    until(lambda: not api.resources.hub.addresses)
    with api.websocket(additional_headers=headers_from("203.0.113.1")):
        pass


def test_simultaneous_handshakes_do_not_exceed_the_limit_of_clients(serve: Callable[..., Api]) -> None:
    api = serve(clients_max=3)
    sockets = [socket.create_connection(api.address.split(":")) for _ in range(30)]  # type: ignore[arg-type]
    try:
        for one in sockets:
            one.sendall(
                b"GET /ws/feed HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
            )
        status_lines = [one.recv(12) for one in sockets]
    finally:
        for one in sockets:
            one.close()
    assert sorted(status_lines) == [b"HTTP/1.1 101"] * 3 + [b"HTTP/1.1 503"] * 27


def test_silent_clients_are_pinged_and_then_closed(serve: Callable[..., Api]) -> None:
    api = serve(ping_s=0.2)
    with raw_client(api.address) as silent:
        assert silent.frame()[0] == 1
        assert silent.frame()[0] == 9
        opcode, payload = silent.frame()
        while opcode != 8:
            opcode, payload = silent.frame()
        assert payload[:2] in ((4408).to_bytes(2, "big"), (1011).to_bytes(2, "big"))
    until(lambda: not api.resources.hub.clients)
