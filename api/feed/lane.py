"""Lane: channels that one client reads at one pace, and how far it has come.

The position is one integer into the shared ring. Whoever falls behind the ring's tail has missed messages,
and is told exactly which.
"""

from datetime import datetime
from typing import NamedTuple

from api.feed import backfill
from api.feed.filters import Filter
from api.feed.forms import Form
from api.feed.messages import Gap, GapReason, Mode
from api.feed.ring import Message, Ring

BATCH_BYTES = 64 * 1024
"""How much is written at a time, of JSON; with the socket's own buffer all that a slow client holds."""


class Batch(NamedTuple):
    """Messages in the form of a connection, and how many they are."""

    data: bytes
    messages: int


NOTHING = Batch(b"", 0)


class Subscription:
    """One channel as one client wants it.

    Attributes
    ----------
    seen, seen_at
        Seq and time of the last message of the channel that was looked at, wanted or not.
    recovering
        Older messages are still being read from Redis; those in the ring wait.
    """

    __slots__ = ("channel", "mode", "recovering", "seen", "seen_at", "wanted")

    def __init__(self, channel: str, wanted: Filter, seen: int, mode: Mode = "stream") -> None:
        self.channel = channel
        self.wanted = wanted
        self.mode = mode
        self.seen = seen
        self.seen_at: datetime | None = None
        self.recovering = False

    def gap(self, epoch: str | None, last: int | None, until: datetime | None, reason: GapReason) -> Gap:
        """The news that what follows `seen` will not come."""
        return Gap(
            channel=self.channel,  # type: ignore[arg-type]  # checked where it came in
            epoch=epoch,
            first=self.seen + 1,
            last=last,
            reason=reason,
            backfill=backfill.address(self.channel, self.wanted, self.seen_at, until),
        )

    def look_at(self, message: Message) -> bool:
        """Whether `message` is to be sent; it is then seen either way."""
        if message.seq <= self.seen:
            return False
        self.seen = message.seq
        if message.facts is None:
            return True
        self.seen_at = message.facts.detected_at
        return self.wanted.accepts(message.facts)


class Lane:
    """Some channels of one client.

    Parameters
    ----------
    ring
        Shared by all.
    interval_s
        Least time between two deliveries.
    latest
        Of messages with the same key that wait, only the newest is sent.

    Attributes
    ----------
    position
        Everything in the ring before it has been looked at.
    due_s
        When the next delivery may be made, by the clock of the one who delivers.
    """

    __slots__ = ("_ring", "due_s", "interval_s", "latest", "position", "subscriptions", "timed")

    def __init__(self, ring: Ring, *, interval_s: float = 0, latest: bool = False) -> None:
        self._ring = ring
        self.interval_s = interval_s
        self.latest = latest
        self.position = ring.head
        self.due_s = 0.0
        self.timed = False
        self.subscriptions: dict[str, Subscription] = {}

    @property
    def recovering(self) -> bool:
        """Whether something is still to be read from Redis."""
        return any(subscription.recovering for subscription in self.subscriptions.values())

    def overtaken(self) -> list[Gap]:
        """The gaps that opened because the ring moved on past this lane, which then stands at its tail."""
        ring = self._ring
        if self.position >= ring.tail:
            return []
        self.position = ring.tail
        oldest = ring[ring.tail].facts if len(ring) else None
        until = None if oldest is None else oldest.detected_at
        gaps = []
        for subscription in self.subscriptions.values():
            floor = ring.floor.get(subscription.channel, 0)
            if floor > subscription.seen and not subscription.recovering:
                gaps.append(subscription.gap(ring.epoch, floor, until, "slow_consumer"))
                subscription.seen = floor
        return gaps

    def take(self, until: int, form: Form) -> Batch:
        """The next messages before the position `until`, about `BATCH_BYTES` at most."""
        if self.position >= until:
            return NOTHING
        wanted = self._take_latest(until) if self.latest else self._take_all(until)
        epoch = self._ring.epoch
        return Batch(b"".join([message.written(form, epoch) for message in wanted]), len(wanted))

    def _take_all(self, until: int) -> list[Message]:
        taken, room, position = [], BATCH_BYTES, self.position
        while position < until and room > 0:
            message = self._ring[position]
            position += 1
            if self._wants(message):
                taken.append(message)
                room -= len(message.body)
        self.position = position
        return taken

    def _take_latest(self, until: int) -> list[Message]:
        """Who is cut short stands before the next that is the newest of its key, so nothing newest is lost."""
        newest: dict[object, int] = {}
        for position in range(self.position, until):
            message = self._ring[position]
            if self._wants(message):
                key = position if message.facts is None else (message.channel, message.facts.key)
                newest.pop(key, None)
                newest[key] = position
        taken, room, self.position = [], BATCH_BYTES, until
        for position in newest.values():
            if room <= 0:
                self._set_back(position)
                break
            taken.append(self._ring[position])
            room -= len(taken[-1].body)
        return taken

    def _set_back(self, position: int) -> None:
        self.position = position
        for subscription in self.subscriptions.values():
            subscription.seen = self._ring[position].seq - 1

    def _wants(self, message: Message) -> bool:
        subscription = self.subscriptions.get(message.channel)
        return subscription is not None and not subscription.recovering and subscription.look_at(message)
