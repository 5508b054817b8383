"""Lane: channels that one client reads at the same pace, and its position in the ring.

The position is one integer. A lane that falls behind the tail of the ring has missed messages, and its client receives
a gap that states exactly which.
"""

from datetime import datetime
from typing import NamedTuple

from api.feed import backfill
from api.feed.filters import Filter
from api.feed.messages import Gap, GapReason, Mode
from api.feed.ring import Message, Ring
from api.feed.wire_format import WireFormat

BATCH_BYTES = 64 * 1024
"""JSON written at a time; together with the buffer of the socket, this is all that a slow client holds."""


class Batch(NamedTuple):
    """Encoded messages, and their number."""

    data: bytes
    messages: int


EMPTY = Batch(b"", 0)


class Subscription:
    """The subscription of one client to one channel.

    Attributes
    ----------
    seen, seen_at
        Seq and time of the last message of the channel that was checked, whether or not it passed the filter.
    recovering
        Older messages are still being read from Redis; those in the ring wait.
    """

    __slots__ = ("channel", "filter", "mode", "recovering", "seen", "seen_at")

    def __init__(self, channel: str, filter_: Filter, seen: int, mode: Mode = "stream") -> None:
        self.channel = channel
        self.filter = filter_
        self.mode = mode
        self.seen = seen
        self.seen_at: datetime | None = None
        self.recovering = False

    def gap(self, epoch: str, last: int | None, until: datetime | None, reason: GapReason) -> Gap:
        """A gap that begins after `seen`."""
        return Gap(
            channel=self.channel,  # type: ignore[arg-type]  # checked when the command was decoded
            epoch=epoch,
            first=self.seen + 1,
            last=last,
            reason=reason,
            backfill=backfill.link(self.channel, self.filter, self.seen_at, until),
        )

    def accept(self, message: Message) -> bool:
        """Whether `message` is new and passes the filter; advances `seen`."""
        if message.seq <= self.seen:
            return False
        self.seen = message.seq
        if message.attributes is None:
            return True
        self.seen_at = message.attributes.detected_at
        return self.filter.accepts(message.attributes)


class Lane:
    """Channels of one client that share a pace and a position.

    Parameters
    ----------
    ring
        The messages of the feed, shared by all clients.
    interval_s
        Minimum time between two writes.
    latest
        Of waiting messages with the same key, only the newest is sent.

    Attributes
    ----------
    position
        All messages of the ring before it have been checked.
    due_s
        When the next write is allowed, by the clock of the fan-out.
    is_scheduled
        The fan-out has scheduled its next write.
    """

    __slots__ = ("_ring", "due_s", "interval_s", "is_scheduled", "latest", "position", "subscriptions")

    def __init__(self, ring: Ring, *, interval_s: float = 0, latest: bool = False) -> None:
        self._ring = ring
        self.interval_s = interval_s
        self.latest = latest
        self.position = ring.head
        self.due_s = 0.0
        self.is_scheduled = False
        self.subscriptions: dict[str, Subscription] = {}

    @property
    def recovering(self) -> bool:
        """Whether older messages of a channel are still being read from Redis."""
        return any(subscription.recovering for subscription in self.subscriptions.values())

    def collect_gaps(self) -> list[Gap]:
        """If the ring has dropped messages after this position, move to its tail and return the gaps."""
        ring = self._ring
        if self.position >= ring.tail:
            return []
        self.position = ring.tail
        oldest = ring[ring.tail].attributes if len(ring) else None
        until = None if oldest is None else oldest.detected_at
        gaps = []
        for subscription in self.subscriptions.values():
            floor = ring.floor.get(subscription.channel, 0)
            if floor > subscription.seen and not subscription.recovering:
                gaps.append(subscription.gap(ring.epoch, floor, until, "slow_consumer"))
                subscription.seen = floor
        return gaps

    def read(self, until: int, wire_format: WireFormat) -> Batch:
        """Read the next messages before the position `until`, about `BATCH_BYTES` at most."""
        if self.position >= until:
            return EMPTY
        messages = self._read_latest(until) if self.latest else self._read_all(until)
        epoch = self._ring.epoch
        return Batch(b"".join([message.to_wire(wire_format, epoch) for message in messages]), len(messages))

    def _read_all(self, until: int) -> list[Message]:
        messages, bytes_left, position = [], BATCH_BYTES, self.position
        while position < until and bytes_left > 0:
            message = self._ring[position]
            position += 1
            if self._accepts(message):
                messages.append(message)
                bytes_left -= len(message.body)
        self.position = position
        return messages

    def _read_latest(self, until: int) -> list[Message]:
        """The newest message of each key; a batch that is full ends before the next of them, so that none is lost."""
        newest: dict[object, int] = {}
        for position in range(self.position, until):
            message = self._ring[position]
            if self._accepts(message):
                key = position if message.attributes is None else (message.channel, message.attributes.key)
                newest.pop(key, None)
                newest[key] = position
        messages, bytes_left, self.position = [], BATCH_BYTES, until
        for position in newest.values():
            if bytes_left <= 0:
                self._rewind(position)
                break
            messages.append(self._ring[position])
            bytes_left -= len(messages[-1].body)
        return messages

    def _rewind(self, position: int) -> None:
        self.position = position
        for subscription in self.subscriptions.values():
            subscription.seen = self._ring[position].seq - 1

    def _accepts(self, message: Message) -> bool:
        subscription = self.subscriptions.get(message.channel)
        return subscription is not None and not subscription.recovering and subscription.accept(message)
