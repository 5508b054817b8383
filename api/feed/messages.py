"""Messages: every word spoken over the WebSocket, in both directions.

One JSON object per text frame. Clients ignore types and fields they do not know; what clients send is
checked to the letter, since a misspelled filter would look like a quiet market.
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
    """A position: the last message of a channel that a client has had."""

    epoch: Annotated[str, Meta(max_length=64)]
    seq: Annotated[int, Meta(ge=0, le=2**63 - 1)]


class Subscribe(msgspec.Struct, frozen=True, tag_field="op", tag="subscribe", forbid_unknown_fields=True):
    """Begin, or begin anew, a channel. The first one ends what an address streams by itself.

    Attributes
    ----------
    since
        Send first what came after this position.
    snapshot
        Without `since`: send first so many of the newest messages that the filter wants, as far as the
        server remembers.
    mode
        `stream`: every message, or a `gap` for those that were missed. `latest`: a message may be left
        out when a newer one of the same thing (symbol and timeframe, or id) waits; that is no gap.
        `disconnect`: who does not keep up is closed with 4408 instead of being told a `gap`, and may resume.
    min_interval_ms
        Send no more often than this; what comes between waits.
    """

    channel: Channel
    id: Id = None
    filter: Filter = ANY
    since: Since | None = None
    snapshot: Annotated[int, Meta(ge=0, le=100)] = 0
    mode: Mode = "stream"
    min_interval_ms: Annotated[int, Meta(ge=0, le=60_000)] = 0


class Unsubscribe(msgspec.Struct, frozen=True, tag_field="op", tag="unsubscribe", forbid_unknown_fields=True):
    """End a channel."""

    channel: Channel
    id: Id = None


Command = Subscribe | Unsubscribe


class Greeting(msgspec.Struct, frozen=True, kw_only=True):
    """What a client is told first. `epoch` and `heads` are the position to resume from."""

    message: str
    version: str
    epoch: str | None
    heads: dict[str, int]


class Connected(msgspec.Struct, frozen=True, tag_field="type", tag="connected"):
    """The connection stands."""

    data: Greeting


class StatusData(msgspec.Struct, frozen=True, kw_only=True):
    """How the server is; metrics carry their names from `/metrics`."""

    metrics: dict[str, float]
    connected_clients: int


class Status(msgspec.Struct, frozen=True, tag_field="type", tag="status"):
    """Sent from time to time."""

    ts: datetime
    data: StatusData


class Keepalive(msgspec.Struct, frozen=True, tag_field="type", tag="keepalive"):
    """Sent when there is nothing to say. Who gets it has all up to `heads`, which say nothing while its pace holds
    messages back.
    """

    ts: datetime
    epoch: str | None
    heads: dict[str, int]


class Subscribed(msgspec.Struct, frozen=True, kw_only=True, tag_field="type", tag="subscribed"):
    """The channel flows from here.

    After `since`, `recovered` says whether everything missed follows, in order and before anything
    newer; if not, a `gap` follows first. Without `since` it is null. `seq` is the newest message there
    was at this moment. Whatever came on this channel before this message can be disregarded.
    """

    id: Id
    channel: Channel
    epoch: str | None
    seq: int
    recovered: bool | None


class Unsubscribed(msgspec.Struct, frozen=True, kw_only=True, tag_field="type", tag="unsubscribed"):
    """Nothing of the channel comes after this."""

    id: Id
    channel: Channel


GapReason = Literal["slow_consumer", "expired", "epoch_changed", "lost_upstream"]


class Gap(
    msgspec.Struct, frozen=True, kw_only=True, tag_field="type", tag="gap", rename={"first": "from", "last": "to"}
):
    """Messages that will not come; the address in `backfill` gives what they said, and some around them.

    Attributes
    ----------
    first, last
        On the wire `from` and `to`: the seqs between which messages are missing, both included; `to` is
        null if unknown. Not every seq between them was a message, or passed the filter.
    reason
        `slow_consumer`: the client did not keep up. `expired`: it came back too late. `epoch_changed`:
        the streams began anew, so seqs did too. `lost_upstream`: this server itself was away too long.
    """

    channel: Channel
    epoch: str | None
    first: int
    last: int | None
    reason: GapReason
    backfill: str | None


class Error(msgspec.Struct, frozen=True, kw_only=True, tag_field="type", tag="error"):
    """A message from the client that was not obeyed; `code` is one of REST's."""

    id: Id
    code: str
    retryable: bool
    detail: str


class GoingAway(msgspec.Struct, frozen=True, tag_field="type", tag="going_away"):
    """The server stops; come back after a while that differs from client to client."""

    reconnect_after_ms: int


ControlMessage = Connected | Status | Keepalive | Subscribed | Unsubscribed | Gap | Error | GoingAway
"""All that a server says besides what the feed announces."""

CLOSE_UNSUPPORTED = 1003
CLOSE_RESTARTING = 1012
CLOSE_LATER = 1013
CLOSE_BAD = 4400
CLOSE_UNAUTHENTICATED = 4401
CLOSE_FORBIDDEN = 4403
CLOSE_SLOW = 4408
CLOSE_FLOODING = 4429
CLOSE_CODES = {
    CLOSE_RESTARTING: "the server restarts: come back and resume",
    CLOSE_LATER: "what you came with cannot be looked up: come back later",
    CLOSE_BAD: "nothing that was said made sense",
    CLOSE_UNAUTHENTICATED: "the right to be here ended: come with a new one",
    CLOSE_FORBIDDEN: "this is not open to you",
    CLOSE_SLOW: "nothing was taken, or answered, for too long: come back and resume",
    CLOSE_FLOODING: "too many messages: wait, then come back",
}
"""What each of our own codes means."""

_encoder = msgspec.json.Encoder()


def encode(message: Any) -> bytes:
    """The JSON of one message."""
    return _encoder.encode(message)
