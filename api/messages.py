"""Messages: every word spoken over the WebSocket, in both directions.

One JSON object per text frame. Clients ignore types and fields they do not know; what clients send is
checked to the letter, since a misspelled filter would look like a quiet market.
"""

from datetime import datetime
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from api.params import Name, Share, Timeframe, frame_name
from api.ring import Facts
from domain.opportunities import Opportunity
from domain.signals import Direction, Signal

Channel = Literal["signals", "composites", "arbitrage", "executions", "performance", "alerts"]
MESSAGE_TYPES: dict[str, str] = {
    "signals": "signal",
    "composites": "composite",
    "arbitrage": "arbitrage",
    "executions": "execution",
    "performance": "performance",
    "alerts": "alert",
}
"""What one message of each channel is called."""

Id = int | Annotated[str, Meta(max_length=64)] | None


class Since(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A position: the last message of a channel that a client has had."""

    epoch: Annotated[str, Meta(max_length=64)]
    seq: Annotated[int, Meta(ge=0, le=2**63 - 1)]


class Filter(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which messages of a channel a client wants; all conditions hold together, null is any."""

    symbols: frozenset[Name] | None = None
    direction: frozenset[Direction] | None = None
    timeframes: frozenset[Timeframe] | None = None
    min_confidence: Share | None = None
    mtf_aligned: bool | None = None

    def __post_init__(self) -> None:
        """Give every timeframe its one name."""
        if self.timeframes is not None:
            msgspec.structs.force_setattr(self, "timeframes", frozenset(map(frame_name, self.timeframes)))

    def accepts(self, facts: Facts | None) -> bool:
        """Whether a message with these facts is wanted; one that does not say is not what was asked for."""
        return facts is None or (
            (self.symbols is None or facts.symbol in self.symbols)
            and (self.direction is None or facts.direction in self.direction)
            and (self.timeframes is None or facts.timeframe in self.timeframes)
            and (
                self.min_confidence is None
                or (facts.raw_confidence is not None and facts.raw_confidence >= self.min_confidence)
            )
            and (self.mtf_aligned is None or facts.mtf_aligned is self.mtf_aligned)
        )


class Subscribe(msgspec.Struct, frozen=True, tag_field="op", tag="subscribe", forbid_unknown_fields=True):
    """Begin, or begin anew, a channel. The first one ends what an address streams by itself."""

    channel: Channel
    id: Id = None
    filter: Filter = Filter()
    since: Since | None = None


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


class PushedSignal(Signal, frozen=True, kw_only=True):
    """A signal with the number to rank it by: `final_score`, or `raw_confidence` while it is not scored."""

    score: float


class SignalMessage(msgspec.Struct, frozen=True, kw_only=True, tag_field="type", tag="signal"):
    """A new signal."""

    channel: Literal["signals"]
    seq: int
    ts: datetime
    data: PushedSignal


class ArbitrageMessage(msgspec.Struct, frozen=True, kw_only=True, tag_field="type", tag="arbitrage"):
    """An opportunity that opened, changed, closed or was judged; warnings are the reasons in its risk."""

    channel: Literal["arbitrage"]
    seq: int
    ts: datetime
    data: Opportunity


class Pushed(msgspec.Struct, frozen=True):
    """Any message of a channel, around data that is JSON already. `ts` is when this server had it."""

    type: str
    channel: str
    seq: int
    ts: datetime
    data: msgspec.Raw


class StatusData(msgspec.Struct, frozen=True, kw_only=True):
    """How the server is; metrics carry their names from `/metrics`."""

    metrics: dict[str, float]
    connected_clients: int


class Status(msgspec.Struct, frozen=True, tag_field="type", tag="status"):
    """Sent from time to time."""

    ts: datetime
    data: StatusData


class Keepalive(msgspec.Struct, frozen=True, tag_field="type", tag="keepalive"):
    """Sent when there is nothing to say. Who gets it has all up to `heads`."""

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


Said = (
    SignalMessage
    | ArbitrageMessage
    | Connected
    | Status
    | Keepalive
    | Subscribed
    | Unsubscribed
    | Gap
    | Error
    | GoingAway
)
"""All that a server says today."""

CLOSE_UNSUPPORTED = 1003
CLOSE_SLOW = 4408
CLOSE_FLOODING = 4429

_encoder = msgspec.json.Encoder()


def encode(message: Any) -> str:
    """The text of one message."""
    return _encoder.encode(message).decode()
