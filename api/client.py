"""Client: one connection's place in the ring, and all that is kept for it.

It knows nothing of sockets. A transport asks it for the next texts when it can send, waits for `wake`
when there are none, and closes when `closing` is set; so a coroutine of Starlette and a protocol of
our own serve clients in the same way.
"""

from collections.abc import Callable
from datetime import datetime
from typing import Any, NamedTuple

from api import backfill
from api.messages import CLOSE_SLOW, Filter, Gap, GapReason, encode
from api.ring import Message, Ring

BATCH_CHARACTERS = 64 * 1024
"""How much a client is given to send at a time; beside the socket's own buffer, all that it may hold."""
WORDS_MAX = 32
"""Answers and notices that may wait for a client, besides the ring."""


class Closing(NamedTuple):
    """Why a connection is to be closed."""

    code: int
    reason: str


class Subscription:
    """One channel as one client wants it.

    Attributes
    ----------
    seen, seen_at
        Seq and time of the last message of the channel that was looked at, wanted or not.
    recovering
        Older messages are still being read from Redis; those in the ring wait.
    """

    __slots__ = ("channel", "recovering", "seen", "seen_at", "wanted")

    def __init__(self, channel: str, wanted: Filter, seen: int) -> None:
        self.channel = channel
        self.wanted = wanted
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


class Client:
    """One connection.

    Parameters
    ----------
    ring
        Shared by all.
    wake
        Called when there may be something to send; must be quick and must not send.
    drop
        Called to cut a connection that cannot even be closed.
    now_s
        Reading of a steady clock.

    Attributes
    ----------
    position
        Everything in the ring before it has been looked at.
    sending_since_s
        When the transport began to send what it is sending; None while it waits for more.
    sent_at_s
        When it last finished sending.
    """

    __slots__ = (
        "_words",
        "by_default",
        "closing",
        "drop",
        "position",
        "ring",
        "sending_since_s",
        "sent_at_s",
        "status_due",
        "subscriptions",
        "wake",
    )

    def __init__(self, ring: Ring, wake: Callable[[], None], drop: Callable[[], None], now_s: float) -> None:
        self.ring = ring
        self.wake = wake
        self.drop = drop
        self.position = ring.head
        self.subscriptions: dict[str, Subscription] = {}
        self.by_default = True
        self.closing: Closing | None = None
        self.sending_since_s: float | None = None
        self.sent_at_s = now_s
        self.status_due = False
        self._words: list[str] = []

    def tell(self, message: Any) -> None:
        """Say something to this client alone, before anything else from the ring."""
        if len(self._words) >= WORDS_MAX:
            self.close(CLOSE_SLOW, "answers were not taken")
            return
        self._words.append(message if isinstance(message, str) else encode(message))
        self.wake()

    def close(self, code: int, reason: str) -> None:
        """Have the connection closed; the first reason stands."""
        if self.closing is None:
            self.closing = Closing(code, reason)
            self.wake()

    def overtaken(self, epoch: str | None) -> list[Gap]:
        """The gaps that opened because the ring moved on past this client, which then stands at its tail."""
        ring = self.ring
        if self.position >= ring.tail:
            return []
        self.position = ring.tail
        oldest = ring[ring.tail].facts if len(ring) else None
        until = None if oldest is None else oldest.detected_at
        gaps = []
        for subscription in self.subscriptions.values():
            floor = ring.floor.get(subscription.channel, 0)
            if floor > subscription.seen and not subscription.recovering:
                gaps.append(subscription.gap(epoch, floor, until, "slow_consumer"))
                subscription.seen = floor
        return gaps

    def take(self) -> list[str]:
        """The next texts to send, about `BATCH_CHARACTERS` at most; empty if there are none yet."""
        ring = self.ring
        texts, self._words = self._words, []
        room = BATCH_CHARACTERS
        while self.position < ring.head and room > 0:
            message = ring[self.position]
            self.position += 1
            subscription = self.subscriptions.get(message.channel)
            if subscription is None or subscription.recovering or not subscription.look_at(message):
                continue
            texts.append(message.text)
            room -= len(message.text)
        return texts

    def last_words(self) -> list[str]:
        """What is still to be said before the connection is closed."""
        words, self._words = self._words, []
        return words

    @property
    def recovering(self) -> bool:
        """Whether something is still to be read from Redis for this client."""
        return any(subscription.recovering for subscription in self.subscriptions.values())
