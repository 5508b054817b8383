"""The example client against servers that fail or misbehave."""

import asyncio
from contextlib import aclosing
from itertools import pairwise
from typing import Any

import pytest

from examples.client import ATTEMPTS, Client, Gap, Message, Position, RefusedError, UnavailableError
from tests.api.scripted_servers import feed_server, http_response, http_server

AT = "2026-11-20T12:00:00Z"
BUSY = http_response("503 Service Unavailable", "", "Retry-After: 0")
ALERT: dict[str, Any] = {"id": "a", "kind": "drawdown", "level": "warning", "message": "It fell.", "at": AT}
ALERT |= {"signal_type": "breakout", "value": 0.05, "trades": 31}


def subscribed(epoch: str, seq: int, recovered: bool | None) -> dict[str, Any]:
    return {"type": "subscribed", "id": 1, "channel": "alerts", "epoch": epoch, "seq": seq, "recovered": recovered}


def alert(seq: int) -> dict[str, Any]:
    return {"type": "alert", "channel": "alerts", "seq": seq, "ts": AT, "data": ALERT}


def gap(epoch: str, reason: str, to: int | None) -> dict[str, Any]:
    return {"type": "gap", "channel": "alerts", "epoch": epoch, "from": 1, "to": to, "reason": reason, "backfill": None}


def keepalive(epoch: str, seq: int) -> dict[str, Any]:
    return {"type": "keepalive", "ts": AT, "epoch": epoch, "heads": {"alerts": seq}}


def follow(*scripts: list[dict[str, Any] | int]) -> tuple[list[Message | Gap], list[Any], list[float]]:
    """What `Client.follow` yields, the `since` of each subscription, and the delays between them, in seconds.

    The last script has to end it.
    """
    yielded: list[Message | Gap] = []

    async def consume(address: str) -> None:
        async with aclosing(Client(address).follow("alerts")) as stream:
            async for message in stream:
                yielded.append(message)  # noqa: PERF401  it has to survive the exception

    async def run() -> tuple[list[Message | Gap], list[Any], list[float]]:
        async with asyncio.timeout(20), feed_server(*scripts) as server:
            with pytest.raises(RefusedError, match=r"4401|invalid_message"):
                await consume(server.address)
            times = [at for _, at in server.received]
            since = [command.get("since") for command, _ in server.received]
            return yielded, since, [after - before for before, after in pairwise(times)]

    return asyncio.run(run())


def test_gaps_and_keepalives_advance_the_position_to_resume_from() -> None:
    yielded, since, _ = follow(
        [alert(4), subscribed("e", 5, None), 1012],
        [subscribed("e", 9, False), gap("e", "expired", 6), alert(7), 1012],
        [subscribed("e", 9, True), keepalive("e", 9), 1012],
        [subscribed("e", 9, True), gap("e", "lost_upstream", None), 4401],
    )
    assert since == [None, {"epoch": "e", "seq": 5}, {"epoch": "e", "seq": 7}, {"epoch": "e", "seq": 9}]
    assert yielded == [
        Gap(Position("e", 6), "expired", None),
        Message(Position("e", 7), "alert", ALERT),
        Gap(Position("e", 9), "lost_upstream", None),
    ]


def test_a_new_epoch_in_mid_stream_is_a_gap_and_is_resumed_in() -> None:
    yielded, since, _ = follow(
        [subscribed("e", 5, None), gap("f", "epoch_changed", None), 1012],
        [subscribed("f", 2, False), gap("f", "epoch_changed", None), 1012],
        [subscribed("f", 2, True), gap("g", "epoch_changed", None), alert(3), 1012],
        [4401],
    )
    assert since == [None, {"epoch": "e", "seq": 5}, {"epoch": "f", "seq": 2}, {"epoch": "g", "seq": 3}]
    assert [message.position for message in yielded] == [("e", 5), ("f", 2), ("f", 2), ("g", 3)]


def test_it_reconnects_after_the_requested_delay_and_stops_on_a_permanent_error() -> None:
    error = {"type": "error", "id": 1, "code": "unavailable", "retryable": True, "detail": "shortly"}
    yielded, _, delays_s = follow(
        [subscribed("e", 5, None), {"type": "going_away", "reconnect_after_ms": 400}, 1012],
        [error, 1000],
        [{**error, "code": "invalid_message", "retryable": False}, 1000],
    )
    assert yielded == []
    assert delays_s[0] >= 0.5
    assert delays_s[1] >= 0.125


def test_a_failed_handshake_is_retried_and_a_refused_one_is_not() -> None:
    """A server that is shutting down closes the connection in the middle of the handshake."""
    refused = http_response("403 Forbidden", '{"code": "forbidden", "title": "Not permitted"}')

    expected = pytest.raises(RefusedError, match="forbidden: Not permitted")
    with http_server(b"", http_response("429 Too Many Requests", "", "Retry-After: 0"), refused) as server, expected:
        asyncio.run(anext(Client(server.address).follow()))


def test_an_unchanged_response_is_served_from_the_etag_cache() -> None:
    first = http_response("200 OK", '{"signals": []}', 'ETag: "a"')
    with http_server(
        first, http_response("304 Not Modified", "", 'ETag: "a"'), http_response("200 OK", "[1]", 'ETag: "b"')
    ) as server:
        client = Client(f"{server.address}/prefix/")
        assert [client.get("/x?limit=1", longs=True) for _ in range(3)] == [{"signals": []}, {"signals": []}, [1]]
    assert [request.partition(" HTTP")[0] for request in server.received] == ["GET /prefix/x?limit=1&longs=true"] * 3
    assert ['if-none-match: "a"' in request.lower() for request in server.received] == [False, True, True]


def test_a_command_is_retried_under_the_same_idempotency_key() -> None:
    with http_server(b"", BUSY, http_response("201 Created", '{"done": true}')) as server:
        assert Client(server.address).post("/x", {"revision": 2}) == {"done": True}
    keys = [line for request in server.received for line in request.lower().splitlines() if "idempotency-key" in line]
    assert len(keys) == 3
    assert len(set(keys)) == 1
    assert all(request.endswith('{"revision":2}') for request in server.received)


def test_a_server_that_stays_down_is_an_unavailable_error() -> None:
    with http_server(*[BUSY] * ATTEMPTS) as server, pytest.raises(UnavailableError, match="503"):
        Client(server.address).get("/x")
    with pytest.raises(UnavailableError, match="refused"):
        Client(server.address).get("/x")


def test_other_servers_are_reported_and_never_receive_the_key() -> None:
    with http_server(http_response("200 OK", "<html>")) as server, pytest.raises(RefusedError, match="not JSON"):
        Client(server.address).get("/x")
    with pytest.raises(ValueError, match="'localhost' is not a URL"):
        Client("localhost")
    with (
        http_server(http_response("200 OK", "{}")) as other,
        http_server(http_response("302 Found", "", f"Location: {other.address}/x")) as server,
    ):
        Client(server.address, key="se_secret\n").get("/x")
    assert "Bearer se_secret\r\n" in server.received[0]
    assert "se_secret" not in other.received[0]
