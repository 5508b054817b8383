"""The example client against servers that have a bad day."""

import asyncio
from contextlib import aclosing
from itertools import pairwise
from typing import Any

import pytest

from examples.client import TRIES, AwayError, Client, Gap, Message, Position, RefusedError
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


def followed(*scripts: list[dict[str, Any] | int]) -> tuple[list[Message | Gap], list[Any], list[float]]:
    """What the caller was told, with what positions it came back, and after how long; the last scene has to end it."""

    told: list[Message | Gap] = []

    async def take(address: str) -> None:
        async with aclosing(Client(address).follow("alerts")) as stream:
            async for said in stream:
                told.append(said)  # noqa: PERF401  what came before the end is looked at

    async def follow() -> tuple[list[Message | Gap], list[Any], list[float]]:
        async with asyncio.timeout(20), feed_server(*scripts) as server:
            with pytest.raises(RefusedError, match=r"4401|invalid_message"):
                await take(server.address)
            times = [at for _, at in server.received]
            since = [command.get("since") for command, _ in server.received]
            return told, since, [after - before for before, after in pairwise(times)]

    return asyncio.run(follow())


def test_a_gap_and_a_keepalive_move_on_where_it_goes_on() -> None:
    told, since, _ = followed(
        [alert(4), subscribed("e", 5, None), 1012],
        [subscribed("e", 9, False), gap("e", "expired", 6), alert(7), 1012],
        [subscribed("e", 9, True), keepalive("e", 9), 1012],
        [subscribed("e", 9, True), gap("e", "lost_upstream", None), 4401],
    )
    assert since == [None, {"epoch": "e", "seq": 5}, {"epoch": "e", "seq": 7}, {"epoch": "e", "seq": 9}]
    assert told == [
        Gap(Position("e", 6), "expired", None),
        Message(Position("e", 7), "alert", ALERT),
        Gap(Position("e", 9), "lost_upstream", None),
    ]


def test_an_epoch_that_begins_in_mid_stream_is_told_and_gone_on_in() -> None:
    told, since, _ = followed(
        [subscribed("e", 5, None), gap("f", "epoch_changed", None), 1012],
        [subscribed("f", 2, False), gap("f", "epoch_changed", None), 1012],
        [subscribed("f", 2, True), gap("g", "epoch_changed", None), alert(3), 1012],
        [4401],
    )
    assert since == [None, {"epoch": "e", "seq": 5}, {"epoch": "f", "seq": 2}, {"epoch": "g", "seq": 3}]
    assert [one.position for one in told] == [("e", 5), ("f", 2), ("f", 2), ("g", 3)]


def test_it_comes_back_when_the_server_wishes_and_leaves_when_it_was_wrong() -> None:
    error = {"type": "error", "id": 1, "code": "unavailable", "retryable": True, "detail": "shortly"}
    told, _, pauses_s = followed(
        [subscribed("e", 5, None), {"type": "going_away", "reconnect_after_ms": 400}, 1012],
        [error, 1000],
        [{**error, "code": "invalid_message", "retryable": False}, 1000],
    )
    assert told == []
    assert pauses_s[0] >= 0.5
    assert pauses_s[1] >= 0.125


def test_a_handshake_that_fails_is_made_again_and_a_refused_one_is_not() -> None:
    """A server that is just going hangs up in the middle of it."""
    refused = http_response("403 Forbidden", '{"code": "forbidden", "title": "This is not open to you"}')

    wanted = pytest.raises(RefusedError, match="forbidden: This is not open to you")
    with http_server(b"", http_response("429 Too Many Requests", "", "Retry-After: 0"), refused) as server, wanted:
        asyncio.run(anext(Client(server.address).follow()))


def test_the_same_answer_is_not_sent_again() -> None:
    first = http_response("200 OK", '{"signals": []}', 'ETag: "a"')
    with http_server(
        first, http_response("304 Not Modified", "", 'ETag: "a"'), http_response("200 OK", "[1]", 'ETag: "b"')
    ) as server:
        client = Client(f"{server.address}/prefix/")
        assert [client.get("/x?limit=1", longs=True) for _ in range(3)] == [{"signals": []}, {"signals": []}, [1]]
    assert [request.partition(" HTTP")[0] for request in server.received] == ["GET /prefix/x?limit=1&longs=true"] * 3
    assert ['if-none-match: "a"' in request.lower() for request in server.received] == [False, True, True]


def test_what_is_to_be_done_is_said_again_under_the_same_key() -> None:
    with http_server(b"", BUSY, http_response("201 Created", '{"done": true}')) as server:
        assert Client(server.address).post("/x", {"revision": 2}) == {"done": True}
    keys = [line for request in server.received for line in request.lower().splitlines() if "idempotency-key" in line]
    assert len(keys) == 3
    assert len(set(keys)) == 1
    assert all(request.endswith('{"revision":2}') for request in server.received)


def test_a_server_that_stays_away_is_said() -> None:
    with http_server(*[BUSY] * TRIES) as server, pytest.raises(AwayError, match="503"):
        Client(server.address).get("/x")
    with pytest.raises(AwayError, match="refused"):
        Client(server.address).get("/x")


def test_what_is_no_api_is_said_and_a_key_goes_nowhere_else() -> None:
    with http_server(http_response("200 OK", "<html>")) as server, pytest.raises(RefusedError, match="no JSON"):
        Client(server.address).get("/x")
    with pytest.raises(ValueError, match="'localhost' is no address"):
        Client("localhost")
    with (
        http_server(http_response("200 OK", "{}")) as other,
        http_server(http_response("302 Found", "", f"Location: {other.address}/x")) as server,
    ):
        Client(server.address, key="se_secret\n").get("/x")
    assert "Bearer se_secret\r\n" in server.received[0]
    assert "se_secret" not in other.received[0]
