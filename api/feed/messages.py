"""Messages: the commands that clients send, and the control messages that the server sends, over the WebSocket.

One JSON object per text frame. Clients ignore types and fields that they do not know. The server rejects commands with
unknown fields, since a misspelled filter would look like a quiet market.
"""

from datetime import datetime
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from api.feed.channel_messages import Channel
from api.feed.filters import ANY, Filter

Id = int | Annotated[str, Meta(max_length=64)] | None
Mode = Literal["stream", "latest", "disconnect"]


class Since(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A position: the last message of a channel that a client has received.

    Attributes
    ----------
    epoch
        As stated by `connected`, `subscribed` or `gap`.
    seq
        Its seq; 0 is before the first.
    """

    epoch: Annotated[str, Meta(max_length=64)]
    seq: Annotated[int, Meta(ge=0, le=2**63 - 1)]


class Subscribe(msgspec.Struct, frozen=True, tag_field="op", tag="subscribe", forbid_unknown_fields=True):
    """Start a channel, or start it anew. The first one ends what the endpoint streams by default.

    Attributes
    ----------
    id
        Repeated in the reply.
    since
        First send all messages after this position.
    snapshot
        Without `since`: first send this many of the newest messages that pass the filter, as far as the
        server still has them in memory.
    mode
        `stream`: every message, or a `gap` for those that were missed. `latest`: a message may be left
        out when a newer one with the same key (symbol and timeframe, or id) waits; that is not a gap.
        `disconnect`: a client that does not keep up is closed with 4408 instead of receiving a `gap`, and may resume.
    min_interval_ms
        Minimum time between two deliveries; messages in between wait.
    """

    channel: Channel
    id: Id = None
    filter: Filter = ANY
    since: Since | None = None
    snapshot: Annotated[int, Meta(ge=0, le=100)] = 0
    mode: Mode = "stream"
    min_interval_ms: Annotated[int, Meta(ge=0, le=60_000)] = 0


class Unsubscribe(msgspec.Struct, frozen=True, tag_field="op", tag="unsubscribe", forbid_unknown_fields=True):
    """Stop a channel.

    Attributes
    ----------
    id
        Repeated in the reply.
    """

    channel: Channel
    id: Id = None


Command = Subscribe | Unsubscribe


class Greeting(msgspec.Struct, frozen=True, kw_only=True):
    """The content of `connected`.

    Attributes
    ----------
    version
        Version of the protocol; its major number changes when clients have to.
    epoch
        The epoch that seqs belong to.
    heads
        The newest seq by channel; with the epoch, what to resume from.
    """

    message: str
    version: str
    epoch: str
    heads: dict[str, int]


class Connected(msgspec.Struct, frozen=True, tag_field="type", tag="connected"):
    """The connection is open. Always the first message."""

    data: Greeting


class StatusData(msgspec.Struct, frozen=True, kw_only=True):
    """The content of `status`.

    Attributes
    ----------
    metrics
        By the names that they have in `/metrics`.
    connected_clients
        Clients of the process that sends this.
    """

    metrics: dict[str, float]
    connected_clients: int


class Status(msgspec.Struct, frozen=True, tag_field="type", tag="status"):
    """Server status, sent periodically."""

    ts: datetime
    data: StatusData


class Keepalive(msgspec.Struct, frozen=True, tag_field="type", tag="keepalive"):
    """Sent to idle connections.

    Attributes
    ----------
    heads
        The newest seq by channel, all of which the client has received; empty while its minimum interval holds
        messages back.
    """

    ts: datetime
    epoch: str
    heads: dict[str, int]


class Subscribed(msgspec.Struct, frozen=True, kw_only=True, tag_field="type", tag="subscribed"):
    """The channel has started.

    Ignore what arrived on this channel before this message.

    Attributes
    ----------
    id
        As in the command.
    seq
        The newest message at this moment.
    recovered
        After `since`: whether all missed messages follow, in order and before anything newer; if not, a `gap`
        follows first. Without `since` it is null.
    """

    id: Id
    channel: Channel
    epoch: str
    seq: int
    recovered: bool | None


class Unsubscribed(msgspec.Struct, frozen=True, kw_only=True, tag_field="type", tag="unsubscribed"):
    """The channel has stopped; no message of it follows.

    Attributes
    ----------
    id
        As in the command.
    """

    id: Id
    channel: Channel


GapReason = Literal["slow_consumer", "expired", "epoch_changed", "lost_upstream"]


class Gap(
    msgspec.Struct, frozen=True, kw_only=True, tag_field="type", tag="gap", rename={"first": "from", "last": "to"}
):
    """Messages that will not be delivered.

    Attributes
    ----------
    first
        The first seq that may be missing (`from` on the wire). Not every seq in the range was a message, or passed
        the filter.
    last
        The last seq that may be missing (`to` on the wire); null if unknown.
    reason
        `slow_consumer`: the client did not keep up. `expired`: it resumed too late. `epoch_changed`: the
        streams were recreated, so earlier seqs are void. `lost_upstream`: this server was disconnected from the
        streams, or lagged behind them, for too long.
    backfill
        REST path that returns these messages, and some before and after them; null if there is none.
    """

    channel: Channel
    epoch: str
    first: int
    last: int | None
    reason: GapReason
    backfill: str | None


class Error(msgspec.Struct, frozen=True, kw_only=True, tag_field="type", tag="error"):
    """A command of the client failed.

    Attributes
    ----------
    id
        As in the command; null if it could not be read.
    code
        One of the problem codes of REST.
    retryable
        Whether the same command may succeed later.
    """

    id: Id
    code: str
    retryable: bool
    detail: str


class GoingAway(msgspec.Struct, frozen=True, tag_field="type", tag="going_away"):
    """The server is shutting down; reconnect after this delay, which differs from client to client."""

    reconnect_after_ms: int


ControlMessage = Connected | Status | Keepalive | Subscribed | Unsubscribed | Gap | Error | GoingAway
"""All that the server sends besides the messages of the channels."""

CLOSE_UNSUPPORTED = 1003
CLOSE_RESTARTING = 1012
CLOSE_TRY_LATER = 1013
CLOSE_INVALID = 4400
CLOSE_UNAUTHENTICATED = 4401
CLOSE_FORBIDDEN = 4403
CLOSE_SLOW = 4408
CLOSE_RATE_LIMITED = 4429
CLOSE_CODES = {
    CLOSE_RESTARTING: "the server restarts: reconnect and resume",
    CLOSE_TRY_LATER: "your credentials cannot be checked now: try again later",
    CLOSE_INVALID: "too many invalid messages in a row",
    CLOSE_UNAUTHENTICATED: "your credentials expired or were revoked: reconnect with new ones",
    CLOSE_FORBIDDEN: "your credentials do not permit this",
    CLOSE_SLOW: "too slow to read messages or to answer pings: reconnect and resume",
    CLOSE_RATE_LIMITED: "too many messages sent: wait, then reconnect",
}
"""The meaning of each close code of the feed that RFC 6455 does not define."""

_encoder = msgspec.json.Encoder()


def encode(message: Any) -> bytes:
    """Encode one message as JSON."""
    return _encoder.encode(message)
