"""Client: all that is kept for one connection, whatever carries it.

It knows nothing of sockets. What carries it, its sink, is written to until it says that it is full, and is
then left alone until it says that it has room.
"""

import asyncio
import math
from typing import TYPE_CHECKING, NamedTuple, Protocol

import msgspec

from api.feed.forms import Form, written
from api.feed.lane import Lane
from api.feed.messages import Gap, GoingAway, Keepalive, Subscribed, encode
from api.feed.ring import Ring
from api.security.principal import LOCAL, Principal

if TYPE_CHECKING:
    from api.feed.cohort import Cohort

WORDS_MAX = 32
"""Answers and notices that may wait for a client, besides the ring."""
COMMENT = b": keepalive\n\n"
"""What the reader of events does not get to see."""


class Sink(Protocol):
    """What carries a client. It tells the hub when it is full and when it has room."""

    @property
    def form(self) -> Form:
        """How it is written to."""

    def write(self, data: bytes) -> None:
        """Take messages in its form, without waiting."""

    def ping(self) -> None:
        """Ask whether the other side is there."""

    def close(self, code: int, reason: str) -> None:
        """Say goodbye after what was written."""

    def abort(self) -> None:
        """Cut it off."""


class Closing(NamedTuple):
    """Why a connection is to be closed, and since when."""

    code: int
    reason: str
    since_s: float


class Client:
    """One connection.

    Parameters
    ----------
    ring
        Shared by all.
    sink
        What carries it.
    address
        Where it comes from; None if that is not known.
    heard_s
        When it was last heard of, by a steady clock; infinite if nothing is to be expected of it.
    principal
        Who it is.

    Attributes
    ----------
    lane
        What it gets as soon as possible.
    paced
        What it gets at intervals, or only the newest of.
    cohort
        With whom it shares every write; None while it has something of its own to catch up with.
    full_since_s
        Since when its sink takes nothing; None if it does.
    """

    __slots__ = (
        "_words",
        "address",
        "by_default",
        "closing",
        "cohort",
        "full_since_s",
        "heard_s",
        "lane",
        "paced",
        "pinged",
        "principal",
        "recovery",
        "room",
        "sink",
    )

    def __init__(
        self,
        ring: Ring,
        sink: Sink,
        *,
        address: str | None = None,
        heard_s: float = math.inf,
        principal: Principal = LOCAL,
    ) -> None:
        self.sink = sink
        self.address = address
        self.heard_s = heard_s
        self.principal = principal
        self.pinged = False
        self.lane = Lane(ring)
        self.paced: tuple[Lane, ...] = ()
        self.by_default = True
        self.cohort: Cohort | None = None
        self.closing: Closing | None = None
        self.full_since_s: float | None = None
        self.recovery: asyncio.Task[None] | None = None
        self.room: asyncio.Event | None = None
        self._words: list[bytes] | None = None

    @property
    def is_open(self) -> bool:
        """Whether it can be written to now."""
        return self.full_since_s is None and self.closing is None

    @property
    def lanes(self) -> tuple[Lane, ...]:
        """All of them."""
        return (self.lane, *self.paced)

    def say(self, data: bytes) -> bool:
        """Say something to this client alone; while it is full, that waits, before anything from the ring.

        Returns
        -------
        bool
            False if too much waits already.
        """
        if self.closing is not None:
            return True
        if self.full_since_s is None:
            self.sink.write(data)
        elif self._words is None:
            self._words = [data]
        elif len(self._words) < WORDS_MAX:
            self._words.append(data)
        else:
            return False
        return True

    def has_room(self) -> None:
        """Its sink takes data again: first what was to be said."""
        self.full_since_s = None
        words, self._words = self._words, None
        if words is not None:
            self.sink.write(b"".join(words))
        if self.room is not None:
            self.room.set()

    def close(self, code: int, reason: str, now_s: float) -> None:
        """Have the connection closed; the first reason stands."""
        if self.closing is not None:
            return
        if self._words is not None:
            self.sink.write(b"".join(self._words))
            self._words = None
        self.closing = Closing(code, reason, now_s)
        self.sink.close(code, reason)


def said(form: Form, word: msgspec.Struct) -> bytes:
    """A word in the form of a connection; it is too short to be compressed."""
    if form is Form.EVENT and isinstance(word, Keepalive):
        return COMMENT
    form = Form.FRAME if form is Form.DEFLATED else form
    data = written(form, encode(word), kind=str(word.__struct_config__.tag), position=_position(word))
    if form is Form.EVENT and isinstance(word, GoingAway):
        return f"retry: {word.reconnect_after_ms}\n".encode() + data
    return data


def _position(word: msgspec.Struct) -> str:
    """Where a reader of events stands who has heard it, to come back to; empty if it does not say."""
    if isinstance(word, Gap) and word.last is not None:
        return f"{word.epoch}:{word.last}"
    if isinstance(word, Subscribed) and word.recovered is None and word.epoch is not None:
        return f"{word.epoch}:{word.seq}"
    return ""
