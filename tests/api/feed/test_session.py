"""Each message of a client has one reply, and other tasks run between costly commands."""

import asyncio
import json
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from api.feed.filters import ANY
from api.feed.session import Session
from store.feed import CHANNELS
from tests.api.conftest import Api, receive
from tests.api.feed.recording_sink import RecordingSink
from tests.api.feed.test_gateway import transport  # noqa: F401  the fixture that runs each test over both

anything: Any = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=9), inner, max_size=3),
    max_leaves=5,
)


def or_anything(usual: Any) -> Any:
    return usual | anything


commands: Any = st.fixed_dictionaries(
    {"op": st.sampled_from(["subscribe", "unsubscribe"]), "channel": st.sampled_from(CHANNELS)},
    optional={
        "id": or_anything(st.integers() | st.text(max_size=9)),
        "mode": or_anything(st.sampled_from(["stream", "latest", "disconnect"])),
        "min_interval_ms": or_anything(st.integers(0, 60_000)),
        "snapshot": or_anything(st.integers(0, 100)),
        "filter": or_anything(st.fixed_dictionaries({"symbols": st.lists(st.text(max_size=4), max_size=3)})),
        "since": or_anything(st.fixed_dictionaries({"epoch": st.text(max_size=9), "seq": st.integers(0, 2**63)})),
    },
)
texts = st.one_of(
    or_anything(commands).map(lambda command: json.dumps(command).encode()),
    commands.map(lambda command: json.dumps(command, ensure_ascii=False).encode()[:-1]),
    st.text().map(str.encode),
    st.just(rb'{"op":"unsubscribe","channel":"signals","id":"\ud800"}'),
)
REPLIES = {"subscribed", "unsubscribed", "error"}


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(texts, max_size=8))
def test_each_message_has_one_reply(api: Api, sent: list[bytes]) -> None:
    with api.websocket() as websocket:
        for text in [*sent, b'{"op":"unsubscribe","channel":"signals","id":"the last"}']:
            websocket.send(text, text=True)
        received = [receive(websocket)]
        while received[-1].get("id") != "the last":
            received.append(receive(websocket))
    assert sum(message["type"] in REPLIES for message in received) == len(sent) + 1
    assert {message["type"] for message in received} <= {*REPLIES, "gap"}


def test_other_tasks_run_between_costly_commands(api: Api) -> None:
    """A search of the whole ring takes milliseconds, and a burst of them would delay all clients."""

    async def scenario() -> list[int]:
        hub = api.resources.hub
        sink, may_read = RecordingSink(hub), asyncio.Event()
        session = Session(sink.client, api.resources, pause_reading=may_read.clear, resume_reading=may_read.set)
        hub.join(sink.client, CHANNELS, ANY)
        for number in range(5):
            session.receive_text(b'{"op":"subscribe","channel":"signals","snapshot":1,"id":%d}' % number)
        replies = []
        while not may_read.is_set():
            replies.append(sum(one["type"] == "subscribed" for one in sink.take()))
            await asyncio.sleep(0)
        hub.leave(sink.client)
        return [*replies, sum(one["type"] == "subscribed" for one in sink.take())]

    loop = api.server.servers[0].get_loop()
    replies = asyncio.run_coroutine_threadsafe(scenario(), loop).result(20)
    assert sum(replies) == 5
    assert max(replies) == 1
