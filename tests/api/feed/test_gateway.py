import json
import socket
from collections.abc import Callable
from contextlib import ExitStack, suppress
from typing import Any

import msgspec
import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import ClientConnection, connect

from api.feed.channel_messages import SignalMessage
from api.feed.filters import Filter
from domain.signals import Signal
from tests.api.builders import emitted
from tests.api.conftest import Api, receive, send_command
from tests.until import until


@pytest.fixture(params=["own", "asgi"])
def transport(request: pytest.FixtureRequest) -> str:
    """Runs each test over both transports."""
    return str(request.param)


def seqs(websocket: ClientConnection, count: int) -> list[int]:
    return [receive(websocket)["seq"] for _ in range(count)]


def refusal(api: Api, path: str, **options: Any) -> tuple[int, dict[str, Any]]:
    with pytest.raises(InvalidStatus) as caught, connect(f"ws://{api.address}{path}", proxy=None, **options):
        pass
    assert caught.value.response.headers["content-type"] == "application/problem+json"
    return caught.value.response.status_code, json.loads(caught.value.response.body)


def until_closed(websocket: ClientConnection) -> tuple[int | None, list[dict[str, Any]]]:
    """Receive until the server closes; the close code, and the messages before it."""
    messages = []
    try:
        while True:
            messages.append(receive(websocket))
    except ConnectionClosed as closed:
        return closed.rcvd.code if closed.rcvd is not None else None, messages


def test_the_greeting_states_the_position(api: Api) -> None:
    api.publish([emitted(1), emitted(2)])
    api.wait_for_ring()
    with connect(f"ws://{api.address}/ws/feed", proxy=None) as websocket:
        greeting = receive(websocket)
    assert greeting["type"] == "connected"
    assert greeting["data"]["epoch"] == api.resources.hub.epoch
    assert greeting["data"]["heads"]["signals"] == 2
    assert {"message", "version"} <= set(greeting["data"])


def test_signals_stream_in_order_without_a_subscribe(api: Api) -> None:
    rows = [emitted(number) for number in range(300)]
    with api.websocket() as one, api.websocket() as other:
        published = api.publish(rows)
        for websocket in (one, other):
            for seq, row in zip(published, rows, strict=True):
                message = msgspec.json.decode(websocket.recv(20), type=SignalMessage)
                assert (message.channel, message.seq) == ("signals", seq)
                assert msgspec.structs.asdict(message.data) == msgspec.structs.asdict(row) | {
                    "score": row.raw_confidence
                }


def test_earlier_messages_are_not_streamed(api: Api) -> None:
    api.publish([emitted(1), emitted(2)])
    api.wait_for_ring()
    with api.websocket() as websocket:
        api.publish([emitted(3)])
        assert seqs(websocket, 1) == [3]


def test_the_feed_streams_all_channels_and_the_endpoint_of_signals_only_signals(api: Api) -> None:
    with api.websocket() as feed, api.websocket("/api/v1/ws/signals") as signals:
        api.publish([emitted(1)], "alerts")
        api.publish([emitted(2)])
        assert {receive(feed)["type"], receive(feed)["type"]} == {"alert", "signal"}
        assert receive(signals)["type"] == "signal"


FILTERS: list[tuple[str, dict[str, Any]]] = [
    ("symbol=BTCUSDT", {"symbols": ["BTCUSDT"]}),
    ("direction=short", {"direction": ["short"]}),
    ("timeframe=60m", {"timeframes": ["1h"]}),
    ("min_confidence=0.7", {"min_confidence": 0.7}),
    ("mtf_aligned=false", {"mtf_aligned": False}),
    ("symbol=ETHUSDT&mtf_aligned=true", {"symbols": ["ETHUSDT"], "mtf_aligned": True}),
]


def test_filters_work_alike_as_query_parameters_and_in_subscribe(api: Api) -> None:
    rows = [emitted(number) for number in range(1, 80)]
    with ExitStack() as connections:
        clients = []
        for query, filter_ in FILTERS:
            by_query = connections.enter_context(api.websocket(f"/api/v1/ws/signals?{query}"))
            by_command = connections.enter_context(api.websocket())
            assert send_command(by_command, op="subscribe", channel="signals", filter=filter_)["type"] == "subscribed"
            clients.append((msgspec.convert(filter_, Filter), by_query, by_command))
        published = api.publish(rows)
        for filter_, *both in clients:
            expected = [seq for seq, row in zip(published, rows, strict=True) if passes(filter_, row)]
            assert expected
            for websocket in both:
                assert seqs(websocket, len(expected)) == expected


def passes(filter_: Filter, row: Signal) -> bool:
    return (
        (filter_.symbols is None or row.symbol in filter_.symbols)
        and (filter_.direction is None or row.direction in filter_.direction)
        and (filter_.timeframes is None or row.timeframe in filter_.timeframes)
        and (filter_.min_confidence is None or row.raw_confidence >= filter_.min_confidence)
        and (filter_.mtf_aligned is None or row.mtf_aligned == filter_.mtf_aligned)
    )


def test_the_first_subscribe_ends_the_default_channels(api: Api) -> None:
    with api.websocket() as websocket:
        assert send_command(websocket, op="subscribe", id="a", channel="alerts") == {
            "type": "subscribed",
            "id": "a",
            "channel": "alerts",
            "epoch": api.resources.hub.epoch,
            "seq": 0,
            "recovered": None,
        }
        api.publish([emitted(1)])
        api.publish([emitted(2)], "alerts")
        assert receive(websocket)["channel"] == "alerts"
        assert send_command(websocket, op="subscribe", id=2, channel="signals")["seq"] == 1
        api.publish([emitted(3)])
        api.publish([emitted(4)], "alerts")
        assert {receive(websocket)["channel"], receive(websocket)["channel"]} == {"alerts", "signals"}


def test_nothing_is_delivered_after_unsubscribed(api: Api) -> None:
    with api.websocket() as websocket:
        assert send_command(websocket, op="unsubscribe", id=5, channel="signals") == {
            "type": "unsubscribed",
            "id": 5,
            "channel": "signals",
        }
        api.publish([emitted(1)])
        api.publish([emitted(2)], "alerts")
        assert receive(websocket)["channel"] == "alerts"


BAD: list[tuple[str, Any]] = [
    ("", None),
    ("not json", None),
    ("[1]", None),
    ('{"op":"subscribe","id":7}', 7),
    ('{"op":"shout","id":"x"}', "x"),
    ('{"op":"subscribe","id":8,"channel":"signals","filter":{"symbol":"A"}}', 8),
    ('{"op":"subscribe","id":[],"channel":"signals"}', None),
    ('{"op":"subscribe","id":9,"channel":"signals","since":{"epoch":"e","seq":"1"}}', 9),
]


def test_an_invalid_message_receives_an_error_and_the_connection_stays_open(serve: Callable[..., Api]) -> None:
    api = serve(messages_per_s=100)
    with api.websocket() as websocket:
        for text, command_id in BAD:
            websocket.send(text)
            error = receive(websocket)
            assert (error["type"], error["id"], error["code"], error["retryable"]) == (
                "error",
                command_id,
                "invalid_message",
                False,
            )
            assert error["detail"]
        api.publish([emitted(1)])
        assert receive(websocket)["seq"] == 1


def test_a_binary_message_closes(api: Api) -> None:
    with api.websocket() as websocket:
        websocket.send(b"\x00")
        assert until_closed(websocket) == (1003, [])


def test_a_message_that_is_too_large_closes(serve: Callable[..., Api]) -> None:
    api = serve(message_bytes_max=100)
    with api.websocket() as websocket:
        websocket.send("x" * 101)
        assert until_closed(websocket) == (1009, [])


def test_text_that_is_not_utf_8_closes(api: Api) -> None:
    with api.websocket() as websocket:
        websocket.send(b"\xff", text=True)
        assert until_closed(websocket) == (1007, [])


def test_a_flood_closes_after_an_error(serve: Callable[..., Api]) -> None:
    api = serve(messages_per_s=5)
    with api.websocket() as websocket:
        with suppress(ConnectionClosed):
            for _ in range(40):
                websocket.send('{"op":"unsubscribe","channel":"alerts"}')
        code, messages = until_closed(websocket)
        assert code == 4429
        assert {message["type"] for message in messages[:-1]} == {"unsubscribed"}
        assert (messages[-1]["type"], messages[-1]["code"], messages[-1]["retryable"]) == (
            "error",
            "rate_limited",
            True,
        )
        assert 10 <= len(messages) - 1 <= 15
    until(lambda: not api.resources.hub.clients)


def test_other_origins_may_not_connect(serve: Callable[..., Api]) -> None:
    api = serve(allowed_origins=("https://desk.example",))
    for origin in (
        "http://evil.example",
        "null",
        "http://[",
        "",
        f"http://{api.address}.evil.example",
        "http://127.0.0.1:1",
    ):
        status, problem = refusal(api, "/ws/feed", origin=origin)
        assert (status, problem["code"]) == (403, "forbidden"), origin
    for origin in (f"http://{api.address}", f"https://{api.address}", "https://desk.example"):
        with api.websocket(origin=origin):
            pass


def test_an_unknown_host_may_not_connect(api: Api) -> None:
    headers = {"Host": "evil.example"}
    with socket.create_connection(api.address.split(":")) as raw:  # type: ignore[arg-type]
        request = f"GET /ws/feed HTTP/1.1\r\nOrigin: http://{headers['Host']}\r\nHost: {headers['Host']}\r\n"
        request += "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
        request += "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
        raw.sendall(request.encode())
        assert raw.recv(4096).startswith(b"HTTP/1.1 421 ")


def test_a_bad_path_or_query_is_refused_in_the_handshake(api: Api) -> None:
    for query, name in (("symbol=", "symbol"), ("nope=1", "nope"), ("mtf_aligned=1", "mtf_aligned")):
        status, problem = refusal(api, f"/api/v1/ws/signals?{query}")
        assert (status, problem["errors"][0]["name"]) == (400, name)
    status, problem = refusal(api, "/ws/nope")
    assert (status, problem["code"]) == (404, "not_found")


def test_connected_clients_are_limited(serve: Callable[..., Api]) -> None:
    api = serve(clients_max=2)
    with api.websocket(), api.websocket():
        status, problem = refusal(api, "/ws/feed")
        assert (status, problem["code"], problem["retryable"]) == (503, "unavailable", True)
    until(lambda: not api.resources.hub.clients)
    with api.websocket():
        pass


def test_disconnected_clients_are_removed(api: Api) -> None:
    with api.websocket(), api.websocket() as other:
        assert len(api.resources.hub.clients) == 2
        other.socket.shutdown(socket.SHUT_RDWR)
        until(lambda: len(api.resources.hub.clients) == 1)
    until(lambda: not api.resources.hub.clients)
    api.publish([emitted(1)])
    api.wait_for_ring()


def test_the_score_is_one_number_in_the_feed_and_complete_in_rest(api: Api) -> None:
    row = emitted(1, final_score=0.42)
    api.write([row])
    with api.websocket() as websocket:
        api.publish([row])
        assert receive(websocket)["data"]["score"] == 0.42
    assert api.get(f"/api/v1/signals/{row.id}")["score"]["signal_id"] == row.id
