from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from api.feed.ring import Attributes, Message, Ring

MESSAGES_MAX, BYTES_MAX = 5, 40
channels = st.sampled_from(["signals", "alerts"])


class RingAgainstList(RuleBasedStateMachine):
    """The ring compared with a list of everything appended to it."""

    def __init__(self) -> None:
        super().__init__()
        self.ring = Ring(MESSAGES_MAX, BYTES_MAX)
        self.appended: list[Message] = []
        self.floors: dict[str, int] = {}

    @rule(channel=channels, step=st.integers(1, 3), size=st.integers(0, 60))
    def append(self, channel: str, step: int, size: int) -> None:
        seq = self.ring.newest.get(channel, 0) + step
        message = Message(channel, seq, b"x" * size, Attributes())
        tail = self.ring.tail_after(message)
        self.ring.append(message)
        assert self.ring.tail == tail
        self.appended.append(message)

    @precondition(lambda self: not self.appended)
    @rule(channel=channels, seq=st.integers(1, 50))
    def set_floor(self, channel: str, seq: int) -> None:
        self.ring.set_floor(channel, seq)
        self.floors[channel] = seq

    @rule()
    def clear(self) -> None:
        head = self.ring.head
        self.ring.clear()
        assert (self.ring.head, self.ring.tail) == (head, head)
        assert (self.ring.newest, self.ring.floor) == ({}, {})
        self.appended, self.floors = [], {}

    @invariant()
    def stores_the_newest_within_its_bounds(self) -> None:
        stored = [self.ring[position] for position in range(self.ring.tail, self.ring.head)]
        assert stored == self.appended[len(self.appended) - len(stored) :]
        assert len(stored) <= MESSAGES_MAX
        assert len(stored) <= 1 or sum(len(message.body) for message in stored) <= BYTES_MAX
        if len(stored) < len(self.appended):
            one_more = self.appended[-len(stored) - 1 :]
            assert len(one_more) > MESSAGES_MAX or sum(len(message.body) for message in one_more) > BYTES_MAX

    @invariant()
    def newest_is_the_last_seq(self) -> None:
        seqs = self.floors | {message.channel: message.seq for message in self.appended}
        assert self.ring.newest == seqs

    @invariant()
    def position_after_leads_to_all_later_messages_or_is_none(self) -> None:
        stored = range(self.ring.tail, self.ring.head)
        for channel in ("signals", "alerts"):
            for seq in range(60):
                follows = [m for m in self.appended if m.channel == channel and m.seq > seq]
                position = self.ring.position_after(channel, seq)
                held = [self.ring[p] for p in stored if self.ring[p].channel == channel and self.ring[p].seq > seq]
                if position is None:
                    assert held != follows or seq < self.floors.get(channel, 0)
                else:
                    reached = [self.ring[p] for p in range(position, self.ring.head)]
                    assert [m for m in reached if m.channel == channel] == follows


TestRing = RingAgainstList.TestCase


@given(st.lists(st.tuples(channels, st.none() | st.just(Attributes(detected_at=datetime(2026, 1, 1, tzinfo=UTC))))))
def test_newest_attributes_are_those_of_the_last_message_with_any(pairs: list[tuple[str, Attributes | None]]) -> None:
    ring = Ring(100, 10_000)
    for seq, (channel, attributes) in enumerate(pairs, 1):
        ring.append(Message(channel, seq, b"", attributes))
    known = [attributes for channel, attributes in pairs if channel == "signals" and attributes is not None]
    assert ring.newest_attributes("signals") is (known[-1] if known else None)
