from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import httpx2
import pytest

from store import feed
from store.signals import payload
from tests.api.builders import emitted
from tests.api.conftest import Api, until
from tests.api.words import checked

Event = dict[str, Any]


@contextmanager
def events(api: Api, path: str = "/api/v1/stream/signals", last: str | None = None) -> Iterator[Iterator[Event]]:
    """What a reader is told, greeting and acknowledgement read."""
    headers = {} if last is None else {"Last-Event-ID": last}
    with api.http.stream("GET", path, headers=headers, timeout=20) as response:
        assert response.status_code == 200, response.read()
        assert response.headers["content-type"] == "text/event-stream; charset=utf-8"
        told = read(response)
        assert next(told)["retry"] == "2000"
        assert next(told)["event"] == "connected"
        assert next(told)["event"] == "subscribed"
        yield told


def read(response: httpx2.Response) -> Iterator[Event]:
    event: Event = {}
    for line in response.iter_lines():
        name, _, value = line.partition(": ")
        if line:
            event[name or "comment"] = checked(value) if name == "data" else value
        elif event:
            yield event
            event = {}


def seqs(told: Iterator[Event], count: int) -> list[int]:
    return [next(told)["data"]["seq"] for _ in range(count)]


def test_signals_stream_with_their_positions(api: Api) -> None:
    with events(api) as told:
        api.publish([emitted(1), emitted(2)])
        for seq in (1, 2):
            event = next(told)
            assert (event["event"], event["id"]) == ("signal", f"{api.resources.hub.epoch}:{seq}")
            assert (event["data"]["type"], event["data"]["seq"]) == ("signal", seq)
        assert len(api.resources.hub.clients) == 1
    until(lambda: not api.resources.hub.clients)


def test_filters_are_those_of_the_lists(api: Api) -> None:
    rows = [emitted(number) for number in range(1, 30)]
    with events(api, "/api/v1/stream/signals?symbol=BTCUSDT&direction=long") as told:
        published = api.publish(rows)
        due = [
            seq for seq, row in zip(published, rows, strict=True) if row.symbol == "BTCUSDT" and row.direction == "long"
        ]
        assert seqs(told, len(due)) == due


def test_a_reader_that_comes_back_gets_what_it_missed(serve: Callable[..., Api]) -> None:
    """From the ring, and what is older from Redis."""
    api = serve(ring_messages=30)
    until(lambda: api.resources.tail.connected)
    api.publish([emitted(number) for number in range(1, 121)])
    api.caught_up()
    for seq in (1, 50, 119, 120):
        with events(api, last=f"{api.resources.hub.epoch}:{seq}") as told:
            assert seqs(told, 120 - seq) == list(range(seq + 1, 121))


def test_what_is_gone_is_a_gap_from_whose_end_it_goes_on(serve: Callable[..., Api]) -> None:
    api = serve(ring_messages=10)
    until(lambda: api.resources.tail.connected)
    rows = [emitted(number) for number in range(1, 1001)]
    feed.publish(api.redis, "signals", [(seq, payload(row)) for seq, row in enumerate(rows, 1)], keep=200)
    api.seq = len(rows)
    api.caught_up()
    with events(api, last=f"{api.resources.hub.epoch}:5") as told:
        gap = next(told)
        assert (gap["event"], gap["data"]["from"], gap["data"]["reason"]) == ("gap", 6, "expired")
        assert gap["id"] == f"{api.resources.hub.epoch}:{gap['data']['to']}"
        assert seqs(told, 1) == [gap["data"]["to"] + 1]


def test_a_position_of_another_epoch_is_a_gap(api: Api) -> None:
    api.publish([emitted(1)])
    api.caught_up()
    with events(api, last="gone:7") as told:
        gap = next(told)
        assert (gap["event"], gap["data"]["reason"]) == ("gap", "epoch_changed")


def test_the_idle_hear_a_comment(serve: Callable[..., Api]) -> None:
    api = serve(keepalive_s=0.2)
    with events(api) as told:
        assert next(told) == {"comment": "keepalive"}


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


def test_pages_of_other_sites_may_not_listen(api: Api) -> None:
    answer = api.get("/api/v1/stream/signals", 403, headers={"Origin": "https://evil.example"})
    assert answer["code"] == "forbidden"


def test_streams_end_when_the_server_does(serve: Callable[..., Api]) -> None:
    api = serve()
    with events(api) as told:
        api.server.should_exit = True
        assert next(told)["event"] == "going_away"
        assert list(told) == []
