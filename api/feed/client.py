"""Client: the state of one feed connection, whatever its transport.

It knows nothing of sockets. It writes to its sink until the sink reports that its buffer is full, and resumes when
the sink reports that it has drained.
"""

import asyncio
import math
from typing import TYPE_CHECKING, NamedTuple, Protocol

import msgspec

from api.feed.lane import Lane
from api.feed.messages import Gap, GoingAway, Keepalive, Subscribed, encode
from api.feed.ring import Ring
from api.feed.wire_format import WireFormat, to_wire
from api.security.principal import LOCAL, Principal

if TYPE_CHECKING:
    from api.feed.cohort import Cohort

PENDING_MAX = 32
"""Control messages that may wait for a blocked client; messages of the feed wait in the ring."""
SSE_KEEPALIVE = b": keepalive\n\n"
"""A comment, which readers of server-sent events skip."""


class Sink(Protocol):
    """The write side of a connection. It calls `Hub.pause_writing` and `Hub.resume_writing` for flow control."""

    @property
    def wire_format(self) -> WireFormat:
        """The encoding that the connection expects."""

    def write(self, data: bytes) -> None:
        """Queue encoded messages for sending, without waiting."""

    def ping(self) -> None:
        """Send a ping, if the transport has one."""

    def close(self, code: int, reason: str) -> None:
        """Close the connection after everything written so far was sent."""

    def abort(self) -> None:
        """Drop the connection at once."""


class Closing(NamedTuple):
    """Close code and reason of a connection that is being closed, and since when."""

    code: int
    reason: str
    since_s: float


class Client:
    """One connection.

    Parameters
    ----------
    ring
        The messages of the feed, shared by all clients.
    sink
        The write side of the connection.
    address
        Remote address; None if unknown.
    last_received_s
        When data last arrived from the client, by a monotonic clock; infinite if the transport checks liveness itself.
    principal
        The authenticated caller.

    Attributes
    ----------
    lane
        Channels that are delivered as soon as possible.
    paced
        Lanes with a minimum interval, or with mode `latest`.
    uses_default_channels
        It has sent no `subscribe` yet, so it receives what its endpoint streams by default.
    pinged
        A ping was sent since data last arrived.
    cohort
        The clients it shares every write with; None while it is blocked, catches up or recovers messages.
    closing
        Set once the connection is being closed.
    blocked_since_s
        When its send buffer became full; None while it can be written to.
    recovery
        The task that reads missed messages from Redis.
    writable
        What that task waits for while the client is blocked.
    """

    __slots__ = (
        "_pending",
        "address",
        "blocked_since_s",
        "closing",
        "cohort",
        "lane",
        "last_received_s",
        "paced",
        "pinged",
        "principal",
        "recovery",
        "sink",
        "uses_default_channels",
        "writable",
    )

    def __init__(
        self,
        ring: Ring,
        sink: Sink,
        *,
        address: str | None = None,
        last_received_s: float = math.inf,
        principal: Principal = LOCAL,
    ) -> None:
        self.sink = sink
        self.address = address
        self.last_received_s = last_received_s
        self.principal = principal
        self.pinged = False
        self.lane = Lane(ring)
        self.paced: tuple[Lane, ...] = ()
        self.uses_default_channels = True
        self.cohort: Cohort | None = None
        self.closing: Closing | None = None
        self.blocked_since_s: float | None = None
        self.recovery: asyncio.Task[None] | None = None
        self.writable: asyncio.Event | None = None
        self._pending: list[bytes] | None = None

    @property
    def is_writable(self) -> bool:
        """Whether it is neither blocked nor being closed."""
        return self.blocked_since_s is None and self.closing is None

    @property
    def lanes(self) -> tuple[Lane, ...]:
        """The unpaced lane, then the paced ones."""
        return (self.lane, *self.paced)

    def write(self, data: bytes) -> bool:
        """Write data for this client alone; while it is blocked, the data is held and sent before anything of the ring.

        Returns
        -------
        bool
            False if `PENDING_MAX` writes are held already.
        """
        if self.closing is not None:
            return True
        if self.blocked_since_s is None:
            self.sink.write(data)
        elif self._pending is None:
            self._pending = [data]
        elif len(self._pending) < PENDING_MAX:
            self._pending.append(data)
        else:
            return False
        return True

    def resume_writing(self) -> None:
        """Unblock the client, and write what was held for it."""
        self.blocked_since_s = None
        pending, self._pending = self._pending, None
        if pending is not None:
            self.sink.write(b"".join(pending))
        if self.writable is not None:
            self.writable.set()

    def close(self, code: int, reason: str, now_s: float) -> None:
        """Close the connection after what is held for it; of several calls, the first one counts."""
        if self.closing is not None:
            return
        if self._pending is not None:
            self.sink.write(b"".join(self._pending))
            self._pending = None
        self.closing = Closing(code, reason, now_s)
        self.sink.close(code, reason)


def encode_control(wire_format: WireFormat, message: msgspec.Struct) -> bytes:
    """Encode a control message for a connection; it is too short to be worth compressing."""
    if wire_format is WireFormat.EVENT and isinstance(message, Keepalive):
        return SSE_KEEPALIVE
    wire_format = WireFormat.FRAME if wire_format is WireFormat.DEFLATED else wire_format
    data = to_wire(
        wire_format, encode(message), kind=str(message.__struct_config__.tag), position=_event_position(message)
    )
    if wire_format is WireFormat.EVENT and isinstance(message, GoingAway):
        return f"retry: {message.reconnect_after_ms}\n".encode() + data
    return data


def _event_position(message: msgspec.Struct) -> str:
    """The event id from which a reader of server-sent events resumes after this message; empty if it has none."""
    if isinstance(message, Gap) and message.last is not None:
        return f"{message.epoch}:{message.last}"
    if isinstance(message, Subscribed) and message.recovered is None:
        return f"{message.epoch}:{message.seq}"
    return ""
