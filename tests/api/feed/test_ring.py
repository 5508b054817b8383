from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from api.feed.ring import Attributes, Message, Ring

MESSAGES_MAX, BYTES_MAX = 5, 40
channels = st.sampled_from(["signals", "alerts"])


class RingAgainstList(RuleBasedStateMachine):
    """The ring beside a list of everything it was ever given."""

    def __init__(self) -> None:
        super().__init__()
        self.ring = Ring(MESSAGES_MAX, BYTES_MAX)
        self.given: list[Message] = []
        self.begun: dict[str, int] = {}

    @rule(channel=channels, step=st.integers(1, 3), size=st.integers(0, 60))
    def append(self, channel: str, step: int, size: int) -> None:
        seq = self.ring.newest.get(channel, 0) + step
        message = Message(channel, seq, b"x" * size, Attributes())
        tail = self.ring.tail_after(message)
        self.ring.append(message)
        assert self.ring.tail == tail
        self.given.append(message)

    @precondition(lambda self: not self.given)
    @rule(channel=channels, seq=st.integers(1, 50))
    def begin(self, channel: str, seq: int) -> None:
        self.ring.set_floor(channel, seq)
        self.begun[channel] = seq

    @rule()
    def clear(self) -> None:
        head = self.ring.head
        self.ring.clear()
        assert (self.ring.head, self.ring.tail) == (head, head)
        assert (self.ring.newest, self.ring.floor) == ({}, {})
        self.given, self.begun = [], {}

    @invariant()
    def keeps_the_newest_within_its_bounds(self) -> None:
        kept = [self.ring[position] for position in range(self.ring.tail, self.ring.head)]
        assert kept == self.given[len(self.given) - len(kept) :]
        assert len(kept) <= MESSAGES_MAX
        assert len(kept) <= 1 or sum(len(message.body) for message in kept) <= BYTES_MAX
        if len(kept) < len(self.given):
            forgotten = self.given[-len(kept) - 1 :]
            assert len(forgotten) > MESSAGES_MAX or sum(len(message.body) for message in forgotten) > BYTES_MAX

    @invariant()
    def newest_is_the_last_seq(self) -> None:
        seqs = self.begun | {message.channel: message.seq for message in self.given}
        assert self.ring.newest == seqs

    @invariant()
    def after_leads_to_all_that_follows_or_nowhere(self) -> None:
        kept = range(self.ring.tail, self.ring.head)
        for channel in ("signals", "alerts"):
            for seq in range(60):
                follows = [m for m in self.given if m.channel == channel and m.seq > seq]
                position = self.ring.position_after(channel, seq)
                held = [self.ring[p] for p in kept if self.ring[p].channel == channel and self.ring[p].seq > seq]
                if position is None:
                    assert held != follows or seq < self.begun.get(channel, 0)
                else:
                    met = [self.ring[p] for p in range(position, self.ring.head)]
                    assert [m for m in met if m.channel == channel] == follows


TestRing = RingAgainstList.TestCase


@given(st.lists(st.tuples(channels, st.none() | st.just(Attributes(detected_at=datetime(2026, 1, 1, tzinfo=UTC))))))
def test_newest_facts_are_those_of_the_last_that_has_any(said: list[tuple[str, Attributes | None]]) -> None:
    ring = Ring(100, 10_000)
    for seq, (channel, attributes) in enumerate(said, 1):
        ring.append(Message(channel, seq, b"", attributes))
    known = [attributes for channel, attributes in said if channel == "signals" and attributes is not None]
    assert ring.newest_attributes("signals") is (known[-1] if known else None)
