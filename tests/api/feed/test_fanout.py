"""A client receives every message that passes its filter once and in order, or a gap if it was blocked."""

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
    """A clock that is set by hand."""

    def __init__(self) -> None:
        self.now_s = 0.0

    def __call__(self) -> float:
        return self.now_s


def make_hub(ring_messages: int = 1000, clock: Clock | None = None, **more: Any) -> Hub:
    hub = Hub(ApiSettings(ring_messages=ring_messages, **more), Metrics(), clock or Clock())
    hub.begin_epoch("e", dict.fromkeys(CHANNELS, 0))
    return hub


def message(channel: str, seq: int, symbol: str = "A") -> Message:
    body = json.dumps({"type": "signal", "channel": channel, "seq": seq, "symbol": symbol}).encode()
    return Message(channel, seq, body, Attributes(id=symbol, symbol=symbol))


class CheckedClient(RecordingSink):
    """A client that checks what it received against what was published."""

    def __init__(self, hub: Hub, filter_: Filter, capacity: float) -> None:
        super().__init__(hub, capacity)
        self.filter = filter_
        self.heads = hub.heads()
        self.was_blocked = False
        hub.join(self.client, CHANNELS, filter_)

    def write(self, data: bytes) -> None:
        super().write(data)
        self.was_blocked |= self.client.blocked_since_s is not None

    def check(self, published: list[Message]) -> None:
        messages = self.take()
        assert messages[0]["type"] == "connected"
        received, missed = [], set()
        for one in messages[1:]:
            if one["type"] == "gap":
                covered = {(one["channel"], seq) for seq in range(one["from"], one["to"] + 1)}
                assert not covered & missed
                missed |= covered
            else:
                received.append((one["channel"], one["seq"]))
        expected = [
            (each.channel, each.seq)
            for each in published
            if each.seq > self.heads.get(each.channel, 0) and self.filter.accepts(each.attributes)
        ]
        assert received == [position for position in expected if position not in missed]
        assert not missed or self.was_blocked


positions = st.tuples(st.sampled_from(CHANNELS), st.sampled_from("AB"))
steps = st.lists(
    st.one_of(
        st.tuples(st.just("publish"), st.lists(positions, max_size=7)),
        st.tuples(st.just("join"), st.booleans(), st.sampled_from([40.0, 300.0, float("inf")])),
        st.tuples(st.just("drain"), st.integers(0, 9)),
        st.tuples(st.just("turn")),
    ),
    max_size=40,
)


@settings(max_examples=200)
@given(steps, st.integers(1, 20), st.integers(70, 2_000))
def test_every_client_receives_each_matching_message_once_in_order_or_a_gap(
    steps: list[Any], ring_messages: int, ring_bytes: int
) -> None:
    async def scenario() -> None:
        hub, published, clients = make_hub(ring_messages, ring_bytes=ring_bytes), [], []
        for kind, *step in steps:
            if kind == "publish":
                new = [message(channel, len(published) + n, symbol) for n, (channel, symbol) in enumerate(step[0], 1)]
                published += new
                hub.publish(new)
            elif kind == "join":
                clients.append(CheckedClient(hub, ONLY_A if step[0] else ANY, step[1]))
            elif kind == "drain" and step[0] < len(clients):
                clients[step[0]].drain()
            else:
                await asyncio.sleep(0)
        for _ in range(3):
            await asyncio.sleep(0)
        for client in clients:
            while client.client.blocked_since_s is not None:
                client.drain()
            client.check(published)
            hub.leave(client.client)
        assert (hub.clients, hub.fanout.cohorts, hub.addresses) == (set(), {}, {})

    asyncio.run(scenario())


def test_a_burst_larger_than_the_ring_is_delivered_without_a_gap() -> None:
    async def scenario() -> None:
        hub = make_hub(ring_bytes=5_000)
        sink = RecordingSink(hub)
        hub.join(sink.client, CHANNELS, ANY)
        sink.take()
        hub.publish([message("signals", seq) for seq in range(1, 201)])
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        assert [one["seq"] for one in sink.take()] == list(range(1, 201))

    asyncio.run(scenario())


def test_clients_of_a_cohort_share_the_encoded_bytes() -> None:
    async def scenario() -> None:
        hub = make_hub()
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

    asyncio.run(scenario())


def test_messages_published_during_a_flush_are_sent_together() -> None:
    async def scenario() -> None:
        hub = make_hub()
        sink = RecordingSink(hub)
        hub.join(sink.client, CHANNELS, ANY)
        sink.writes.clear()
        for seq in range(1, 6):
            hub.publish([message("signals", seq)])
        assert len(sink.writes) == 1, "the first is sent at once"
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        assert len(sink.writes) == 2
        assert [one["seq"] for one in sink.take()] == [1, 2, 3, 4, 5]

    asyncio.run(scenario())


def subscribed(hub: Hub, **command: Any) -> RecordingSink:
    sink = RecordingSink(hub)
    hub.join(sink.client, (), ANY)
    resume = Resume(hub, None, lambda: AT)  # type: ignore[arg-type]  # Redis is not needed
    assert resume.subscribe(sink.client, Subscribe("signals", **command)) is None
    sink.writes.clear()
    return sink


def test_an_interval_delays_messages_and_loses_none() -> None:
    async def scenario() -> None:
        clock = Clock()
        hub = make_hub(clock=clock)
        stream, latest = subscribed(hub, min_interval_ms=50), subscribed(hub, min_interval_ms=50, mode="latest")
        received: dict[RecordingSink, list[list[int]]] = {stream: [], latest: []}
        for seq in range(1, 9):
            hub.publish([message("signals", seq, "AB"[seq % 2])])
            await asyncio.sleep(0)
            for sink, batches in received.items():
                batches.append([one["seq"] for one in sink.take()])
            if seq == 4:
                clock.now_s += 0.05
                await asyncio.sleep(0.1)
                for sink, batches in received.items():
                    batches.append([one["seq"] for one in sink.take()])
        assert received[stream] == [[1], [], [], [], [2, 3, 4], [], [], [], []]
        assert received[latest] == [[1], [], [], [], [3, 4], [], [], [], []]
        clock.now_s += 0.05
        await asyncio.sleep(0.1)
        assert [one["seq"] for one in stream.take()] == [5, 6, 7, 8]
        assert [one["seq"] for one in latest.take()] == [7, 8]

    asyncio.run(scenario())


def test_latest_without_an_interval_skips_messages_only_while_blocked() -> None:
    async def scenario() -> None:
        hub = make_hub()
        sink = subscribed(hub, mode="latest")
        hub.publish([message("signals", 1)])
        hub.pause_writing(sink.client)
        await asyncio.sleep(0)
        for seq in range(2, 9):
            hub.publish([message("signals", seq, "AB"[seq % 2])])
            await asyncio.sleep(0)
        hub.resume_writing(sink.client)
        assert [one["seq"] for one in sink.take()] == [1, 7, 8]

    asyncio.run(scenario())


def test_mode_disconnect_closes_instead_of_sending_a_gap() -> None:
    async def scenario() -> None:
        hub = make_hub(5)
        sink = subscribed(hub, mode="disconnect")
        hub.pause_writing(sink.client)
        for seq in range(1, 20):
            hub.publish([message("signals", seq)])
            await asyncio.sleep(0)
        hub.resume_writing(sink.client)
        assert sink.closed == (4408, "messages were missed; reconnect and resume")
        assert sink.take() == []

    asyncio.run(scenario())


def test_a_snapshot_is_the_newest_matching_messages_followed_by_new_ones() -> None:
    async def scenario() -> None:
        hub = make_hub()
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

    asyncio.run(scenario())
