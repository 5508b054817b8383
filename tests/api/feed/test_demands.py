"""What clients of the live feed ask too much of, or ask of a server that lacks something; over both transports."""

import json
from collections.abc import Callable
from contextlib import suppress

from websockets.exceptions import ConnectionClosed

from api.feed.session import BAD_MAX
from tests.api.builders import emitted
from tests.api.conftest import Api, hear, say, until
from tests.api.feed.test_gateway import closing, transport  # noqa: F401  the fixture that runs each test over both


def test_who_never_makes_sense_is_closed(serve: Callable[..., Api]) -> None:
    api = serve(messages_per_s=100)
    with api.websocket() as websocket:
        with suppress(ConnectionClosed):
            for _ in range(BAD_MAX + 5):
                websocket.send('{"op":"subscribe","channel":"prices"}')
        code, said = closing(websocket)
    assert (code, len(said)) == (4400, BAD_MAX)
    assert {one["code"] for one in said} == {"invalid_message"}


def test_many_subscriptions_at_once_are_obeyed_in_order_and_read_redis_one_by_one(serve: Callable[..., Api]) -> None:
    """Each asks for what only Redis still has; the last one holds, and each answer comes before the next."""
    api = serve(messages_per_s=100, ring_messages=10)
    until(lambda: api.resources.tail.connected)
    api.publish([emitted(number) for number in range(1, 301)])
    api.caught_up()
    since = {"epoch": api.resources.hub.epoch, "seq": 1}
    with api.websocket() as websocket, api.websocket() as other:
        for number in range(100):
            websocket.send(json.dumps({"op": "subscribe", "id": number, "channel": "signals", "since": since}))
        acks, last = [], 0
        while len(acks) < 100 or last < 300:
            message = hear(websocket)
            if message["type"] == "subscribed":
                acks.append(message["id"])
            else:
                last = message["seq"]
        assert acks == list(range(100))
        api.publish([emitted(301)])
        assert hear(other)["seq"] == 301
        assert hear(websocket)["seq"] == 301


def test_filters_have_a_limit(api: Api) -> None:
    with api.websocket() as websocket:
        symbols = [f"S{number}" for number in range(201)]
        assert say(websocket, op="subscribe", channel="signals", filter={"symbols": symbols})["type"] == "error"
        assert (
            say(websocket, op="subscribe", channel="signals", filter={"symbols": symbols[1:]})["type"] == "subscribed"
        )


def test_without_postgres_signals_stream_all_the_same(serve: Callable[..., Api]) -> None:
    api = serve(database="postgresql://nobody@127.0.0.1:9/none")
    until(lambda: api.resources.tail.connected)
    with api.websocket() as websocket:
        api.publish([emitted(1)])
        assert hear(websocket)["seq"] == 1


def test_a_pace_holds_over_the_wire(api: Api) -> None:
    with api.websocket() as websocket:
        command = {"op": "subscribe", "channel": "signals", "mode": "latest", "min_interval_ms": 300}
        assert say(websocket, **command)["type"] == "subscribed"
        api.publish([emitted(3)])
        assert hear(websocket)["seq"] == 1
        for number in range(2, 30):  # all of one symbol and timeframe
            api.publish([emitted(6 * number + 3, symbol="BTCUSDT", timeframe="5m")])
        seqs_heard = [hear(websocket)["seq"]]
        while seqs_heard[-1] < 29:
            seqs_heard.append(hear(websocket)["seq"])
        assert len(seqs_heard) < 15
