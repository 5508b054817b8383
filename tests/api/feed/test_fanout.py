"""Many clients of all kinds against the plain rule: who wants a message gets it once, in order, or a gap."""

import asyncio
import json
from datetime import UTC, datetime
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from api.feed.filters import ANY, Filter
from api.feed.hub import Hub
from api.feed.messages import Subscribe
from api.feed.resume import Resume
from api.feed.ring import Attributes, Message
from api.feed.wire_format import WireFormat
from api.metrics import Metrics
from api.settings import ApiSettings
from tests.api.feed.recording_sink import RecordingSink

CHANNELS = ("signals", "alerts")
ONLY_A = Filter(symbols=frozenset("A"))
AT = datetime(2026, 11, 20, tzinfo=UTC)


class Clock:
    """Seconds, as they are told."""

    def __init__(self) -> None:
        self.now_s = 0.0

    def __call__(self) -> float:
        return self.now_s


def house(ring_messages: int = 1000, clock: Clock | None = None, **more: Any) -> Hub:
    hub = Hub(ApiSettings(ring_messages=ring_messages, **more), Metrics(), clock or Clock())
    hub.begin_epoch("e", dict.fromkeys(CHANNELS, 0))
    return hub


def message(channel: str, seq: int, symbol: str = "A") -> Message:
    body = json.dumps({"type": "signal", "channel": channel, "seq": seq, "symbol": symbol}).encode()
    return Message(channel, seq, body, Attributes(id=symbol, symbol=symbol))


class Listener(RecordingSink):
    """A client, and what by the plain rule it has to get."""

    def __init__(self, hub: Hub, wanted: Filter, capacity: float) -> None:
        super().__init__(hub, capacity)
        self.wanted = wanted
        self.begun = hub.heads()
        hub.join(self.client, CHANNELS, wanted)

    def check(self, published: list[Message]) -> None:
        said = self.take()
        assert said[0]["type"] == "connected"
        got, missed = [], set()
        for one in said[1:]:
            if one["type"] == "gap":
                inside = {(one["channel"], seq) for seq in range(one["from"], one["to"] + 1)}
                assert not inside & missed
                missed |= inside
            else:
                got.append((one["channel"], one["seq"]))
        due = [
            (each.channel, each.seq)
            for each in published
            if each.seq > self.begun.get(each.channel, 0) and self.wanted.accepts(each.attributes)
        ]
        assert got == [place for place in due if place not in missed]


places = st.tuples(st.sampled_from(CHANNELS), st.sampled_from("AB"))
steps = st.lists(
    st.one_of(
        st.tuples(st.just("publish"), st.lists(places, max_size=7)),
        st.tuples(st.just("join"), st.booleans(), st.sampled_from([40.0, 300.0, float("inf")])),
        st.tuples(st.just("drain"), st.integers(0, 9)),
        st.tuples(st.just("turn")),
    ),
    max_size=40,
)


@settings(max_examples=200, deadline=None)
@given(steps, st.integers(1, 20))
def test_everybody_gets_what_it_wants_once_in_order_or_in_a_gap(steps: list[Any], ring_messages: int) -> None:
    async def live() -> None:
        hub, published, listeners = house(ring_messages), [], []
        for kind, *step in steps:
            if kind == "publish":
                fresh = [message(channel, len(published) + n, symbol) for n, (channel, symbol) in enumerate(step[0], 1)]
                published += fresh
                hub.publish(fresh)
            elif kind == "join":
                listeners.append(Listener(hub, ONLY_A if step[0] else ANY, step[1]))
            elif kind == "drain" and step[0] < len(listeners):
                listeners[step[0]].drain()
            else:
                await asyncio.sleep(0)
        for _ in range(3):
            await asyncio.sleep(0)
        for listener in listeners:
            while listener.client.blocked_since_s is not None:
                listener.drain()
            listener.check(published)
            hub.leave(listener.client)
        assert (hub.clients, hub.fanout.cohorts, hub.addresses) == (set(), {}, {})

    asyncio.run(live())


def test_a_burst_larger_than_the_ring_is_delivered_without_a_gap() -> None:
    async def live() -> None:
        hub = house(ring_bytes=5_000)
        sink = RecordingSink(hub)
        hub.join(sink.client, CHANNELS, ANY)
        sink.take()
        hub.publish([message("signals", seq) for seq in range(1, 201)])
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        assert [one["seq"] for one in sink.take()] == list(range(1, 201))

    asyncio.run(live())


def test_clients_that_want_the_same_share_the_very_bytes() -> None:
    async def live() -> None:
        hub = house()
        sinks = [
            RecordingSink(hub, wire_format=wire_format)
            for wire_format in (WireFormat.FRAME, WireFormat.FRAME, WireFormat.DEFLATED, WireFormat.DEFLATED)
        ]
        for sink in sinks:
            hub.join(sink.client, CHANNELS, ANY)
            sink.writes.clear()
        hub.publish([message("signals", 1, "A" * 300), message("alerts", 2)])
        assert len(hub.fanout.cohorts) == 2
        plain, same, deflated, also = [sink.writes for sink in sinks]
        assert len(plain) == len(deflated) == 1
        assert plain[0] is same[0]
        assert deflated[0] is also[0]
        assert len(deflated[0]) < len(plain[0])

    asyncio.run(live())


def test_what_comes_while_a_pass_goes_out_waits_and_goes_together() -> None:
    async def live() -> None:
        hub = house()
        sink = RecordingSink(hub)
        hub.join(sink.client, CHANNELS, ANY)
        sink.writes.clear()
        for seq in range(1, 6):
            hub.publish([message("signals", seq)])
        assert len(sink.writes) == 1, "the first goes at once"
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        assert len(sink.writes) == 2
        assert [one["seq"] for one in sink.take()] == [1, 2, 3, 4, 5]

    asyncio.run(live())


def subscribed(hub: Hub, **command: Any) -> RecordingSink:
    sink = RecordingSink(hub)
    hub.join(sink.client, (), ANY)
    resume = Resume(hub, None, lambda: AT)  # type: ignore[arg-type]  # Redis is not needed
    assert resume.subscribe(sink.client, Subscribe("signals", **command)) is None
    sink.writes.clear()
    return sink


def test_an_interval_holds_messages_back_and_loses_none() -> None:
    async def live() -> None:
        clock = Clock()
        hub = house(clock=clock)
        stream, latest = subscribed(hub, min_interval_ms=50), subscribed(hub, min_interval_ms=50, mode="latest")
        said: dict[RecordingSink, list[list[int]]] = {stream: [], latest: []}
        for seq in range(1, 9):
            hub.publish([message("signals", seq, "AB"[seq % 2])])
            await asyncio.sleep(0)
            for sink, looks in said.items():
                looks.append([one["seq"] for one in sink.take()])
            if seq == 4:
                clock.now_s += 0.05
                await asyncio.sleep(0.1)
                for sink, looks in said.items():
                    looks.append([one["seq"] for one in sink.take()])
        assert said[stream] == [[1], [], [], [], [2, 3, 4], [], [], [], []]
        assert said[latest] == [[1], [], [], [], [3, 4], [], [], [], []]
        clock.now_s += 0.05
        await asyncio.sleep(0.1)
        assert [one["seq"] for one in stream.take()] == [5, 6, 7, 8]
        assert [one["seq"] for one in latest.take()] == [7, 8]

    asyncio.run(live())


def test_latest_without_an_interval_leaves_out_only_while_there_is_no_room() -> None:
    async def live() -> None:
        hub = house()
        sink = subscribed(hub, mode="latest")
        hub.publish([message("signals", 1)])
        hub.pause_writing(sink.client)
        await asyncio.sleep(0)
        for seq in range(2, 9):
            hub.publish([message("signals", seq, "AB"[seq % 2])])
            await asyncio.sleep(0)
        hub.resume_writing(sink.client)
        assert [one["seq"] for one in sink.take()] == [1, 7, 8]

    asyncio.run(live())


def test_who_would_rather_leave_than_miss_is_closed() -> None:
    async def live() -> None:
        hub = house(5)
        sink = subscribed(hub, mode="disconnect")
        hub.pause_writing(sink.client)
        for seq in range(1, 20):
            hub.publish([message("signals", seq)])
            await asyncio.sleep(0)
        hub.resume_writing(sink.client)
        assert sink.closed == (4408, "messages were missed; reconnect and resume")
        assert sink.take() == []

    asyncio.run(live())


def test_a_snapshot_is_the_newest_that_are_wanted_and_then_comes_what_is_new() -> None:
    async def live() -> None:
        hub = house()
        hub.publish([message(("signals", "alerts")[seq % 3 == 0], seq, "AB"[seq % 2]) for seq in range(1, 21)])
        sink = RecordingSink(hub)
        hub.join(sink.client, (), ANY)
        resume = Resume(hub, None, lambda: AT)  # type: ignore[arg-type]  # Redis is not needed
        resume.subscribe(sink.client, Subscribe("signals", snapshot=3, filter=ONLY_A))
        hub.publish([message("signals", 22)])
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        _, ack, *rest = sink.take()
        assert (ack["type"], ack["seq"]) == ("subscribed", 20)
        assert [one["seq"] for one in rest] == [14, 16, 20, 22]

    asyncio.run(live())
