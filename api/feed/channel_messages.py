"""Channel messages: the record of each channel of the feed.

The engine writes the JSON, which is put into an envelope unchanged; these records document it.
"""

from datetime import datetime
from typing import Literal

import msgspec

from domain.composites import Composite
from domain.executions import Execution
from domain.opportunities import Opportunity
from domain.performance import Alert, Performance
from domain.signals import Signal

Channel = Literal["signals", "composites", "arbitrage", "executions", "performance", "alerts"]


class PushedSignal(Signal, frozen=True, kw_only=True):
    """A signal, and its score.

    Attributes
    ----------
    score
        To rank it by: `final_score`, or `raw_confidence` if it has none.
    """

    score: float


class _ChannelMessage(msgspec.Struct, frozen=True, kw_only=True):
    """The fields that the messages of all channels have.

    Attributes
    ----------
    seq
        Position in the channel; with the epoch, what to resume from.
    ts
        When this server received the message, UTC.
    """

    seq: int
    ts: datetime


class SignalMessage(_ChannelMessage, frozen=True, kw_only=True, tag_field="type", tag="signal"):
    """A new signal."""

    channel: Literal["signals"]
    data: PushedSignal


class CompositeMessage(_ChannelMessage, frozen=True, kw_only=True, tag_field="type", tag="composite"):
    """A composite signal: signals from different sources that confirm each other."""

    channel: Literal["composites"]
    data: Composite


class ArbitrageMessage(_ChannelMessage, frozen=True, kw_only=True, tag_field="type", tag="arbitrage"):
    """An arbitrage opportunity that opened, changed, closed or was assessed; its risk lists warnings as reasons."""

    channel: Literal["arbitrage"]
    data: Opportunity


class ExecutionMessage(_ChannelMessage, frozen=True, kw_only=True, tag_field="type", tag="execution"):
    """A paper trade that was planned, opened or closed."""

    channel: Literal["executions"]
    data: Execution


class PerformanceMessage(_ChannelMessage, frozen=True, kw_only=True, tag_field="type", tag="performance"):
    """Performance of a group of trades, after its newest trade."""

    channel: Literal["performance"]
    data: Performance


class AlertMessage(_ChannelMessage, frozen=True, kw_only=True, tag_field="type", tag="alert"):
    """An alert for a person."""

    channel: Literal["alerts"]
    data: Alert


CHANNEL_MESSAGES: dict[Channel, type[msgspec.Struct]] = {
    "signals": SignalMessage,
    "composites": CompositeMessage,
    "arbitrage": ArbitrageMessage,
    "executions": ExecutionMessage,
    "performance": PerformanceMessage,
    "alerts": AlertMessage,
}
MESSAGE_TYPES: dict[str, str] = {
    channel: str(record.__struct_config__.tag) for channel, record in CHANNEL_MESSAGES.items()
}
"""The message type of each channel."""


class PushMessage(msgspec.Struct, frozen=True):
    """The envelope of all of them, around data that is JSON already."""

    type: str
    channel: str
    seq: int
    ts: datetime
    data: msgspec.Raw
