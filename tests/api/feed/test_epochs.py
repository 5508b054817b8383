"""Clients of every pace while epochs change: no message of an old epoch arrives late, and each loss is announced."""

import asyncio
import json
from datetime import UTC, datetime
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from api.feed.filters import ANY, Filter
from api.feed.hub import Hub
from api.feed.messages import Mode, Subscribe
from api.feed.resume import Resume
from api.feed.ring import Attributes, Message
from api.metrics import Metrics
from api.settings import ApiSettings
from tests.api.feed.recording_sink import RecordingSink

CHANNELS = ("signals", "alerts")
AT = datetime(2026, 11, 20, tzinfo=UTC)
FILTERS = (ANY, Filter(symbols=frozenset("A")))


class Loop(asyncio.SelectorEventLoop):
    """An event loop with a clock of its own, which the test moves; timers need no waiting."""

    now_s = 0.0

    def time(self) -> float:
        return self.now_s


def message(epoch: int, channel: str, seq: int, symbol: str) -> Message:
    body = json.dumps({"type": "signal", "channel": channel, "epoch": epoch, "seq": seq, "symbol": symbol}).encode()
    return Message(channel, seq, body, Attributes(id=symbol, symbol=symbol))


class Subscriber(RecordingSink):
    """A client with one subscription per channel, and the account of what it received."""

    def __init__(self, hub: Hub, epoch: int, capacity: float, commands: list[Subscribe]) -> None:
        super().__init__(hub, capacity)
        self.epoch = epoch
        self.commands = {command.channel: command for command in commands}
        self.heads = hub.heads()
        hub.join(self.client, (), ANY)
        resume = Resume(hub, None, lambda: AT)  # type: ignore[arg-type]  # Redis is not needed
        for command in commands:
            assert resume.subscribe(self.client, command) is None

    def check(self, published: list[list[Message]]) -> None:
        """Compare what was received on each channel with what was published in each epoch."""
        received = self.take()
        for channel, command in self.commands.items():
            epoch, seen, delivered, missed = self.epoch, self.heads[channel], [], set()
            for each in received:
                if each.get("channel") != channel or each["type"] == "subscribed":
                    continue
                if each["type"] == "signal":
                    assert (each["epoch"], each["seq"] > seen) == (epoch, True), (
                        "a message of an old epoch, or out of order"
                    )
                    seen = each["seq"]
                    delivered.append(seen)
                elif each["reason"] == "epoch_changed":
                    cut = each["from"]
                    assert cut > seen
                    self._compare(command, published[epoch], epoch, delivered, missed, cut)
                    epoch, seen, delivered, missed = int(each["epoch"]), 0, [], set()
                else:
                    missed |= set(range(each["from"], each["to"] + 1))
            assert epoch == len(published) - 1
            self._compare(command, published[epoch], epoch, delivered, missed, None)

    def _compare(
        self,
        command: Subscribe,
        messages: list[Message],
        epoch: int,
        delivered: list[int],
        missed: set[int],
        cut: int | None,
    ) -> None:
        """The account of one epoch, which a gap ended at `cut`."""
        start = self.heads[command.channel] if epoch == self.epoch else 0
        expected = [
            each
            for each in messages
            if each.channel == command.channel
            and start < each.seq < (cut or each.seq + 1)
            and each.seq not in missed
            and command.filter.accepts(each.attributes)
        ]
        assert not missed & set(delivered)
        if command.mode == "latest":
            newest = {each.attributes.key: each.seq for each in expected if each.attributes is not None}
            assert set(delivered) <= {each.seq for each in expected}
            assert set(newest.values()) <= set(delivered)
        else:
            assert delivered == [each.seq for each in expected]


modes: list[Mode] = ["stream", "latest"]
commands = st.tuples(
    *(
        st.builds(
            Subscribe,
            channel=st.just(channel),
            filter=st.sampled_from(FILTERS),
            mode=st.sampled_from(modes),
            min_interval_ms=st.sampled_from([0, 50, 120]),
        )
        for channel in CHANNELS
    )
).map(list)
steps = st.lists(
    st.one_of(
        st.tuples(
            st.just("publish"), st.lists(st.tuples(st.sampled_from(CHANNELS), st.sampled_from("AB")), max_size=7)
        ),
        st.tuples(st.just("join"), st.sampled_from([1.0, 300.0, float("inf")]), commands),
        st.tuples(st.just("drain"), st.integers(0, 2)),
        st.tuples(st.just("wait"), st.sampled_from([0.01, 0.05, 0.2])),
        st.tuples(st.just("epoch"), st.booleans()),
    ),
    min_size=20,
    max_size=60,
)


@settings(max_examples=200)
@given(steps, st.integers(1, 20))
def test_each_epoch_is_delivered_in_order_or_announced_as_missed(steps: list[Any], ring_messages: int) -> None:
    loop = Loop()

    async def scenario() -> None:
        hub = Hub(ApiSettings(ring_messages=ring_messages), Metrics(), loop.time)
        published: list[list[Message]] = [[]]
        last = 0
        subscribers: list[Subscriber] = []
        hub.begin_epoch("0", dict.fromkeys(CHANNELS, last))
        for kind, *step in steps:
            if kind == "publish":
                epoch = len(published) - 1
                new = [message(epoch, channel, last + n, symbol) for n, (channel, symbol) in enumerate(step[0], 1)]
                last += len(new)
                published[-1] += new
                hub.publish(new)
            elif kind == "join" and len(subscribers) < 3:
                subscribers.append(Subscriber(hub, len(published) - 1, *step))
            elif kind == "drain" and step[0] < len(subscribers):
                subscribers[step[0]].drain()
            elif kind == "wait":
                loop.now_s += step[0]
            elif kind == "epoch" and len(published) < 6:
                published.append([])
                last = last if step[0] else 0  # a ledger that continues its count, or a new one
                hub.begin_epoch(str(len(published) - 1), dict.fromkeys(CHANNELS, last))
            await asyncio.sleep(0)
        for _ in range(9):  # until every timer has fired, and no client is blocked
            loop.now_s += 1
            for subscriber in subscribers:
                subscriber.drain()
            for _ in range(3):
                await asyncio.sleep(0)
        for subscriber in subscribers:
            assert subscriber.client.blocked_since_s is None
            subscriber.check(published)
            hub.leave(subscriber.client)
        assert (hub.clients, hub.fanout.cohorts) == (set(), {})

    try:
        loop.run_until_complete(scenario())
    finally:
        loop.close()
