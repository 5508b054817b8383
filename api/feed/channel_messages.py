"""Announcements: what each channel of the feed says, by type.

What is sent is JSON that the engine wrote, put into an envelope as it stands; these records say what it is.
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
    """A signal with the number to rank it by: `final_score`, or `raw_confidence` while it is not scored."""

    score: float


class SignalMessage(msgspec.Struct, frozen=True, kw_only=True, tag_field="type", tag="signal"):
    """A new signal."""

    channel: Literal["signals"]
    seq: int
    ts: datetime
    data: PushedSignal


class CompositeMessage(msgspec.Struct, frozen=True, kw_only=True, tag_field="type", tag="composite"):
    """Signals that say the same from different sides."""

    channel: Literal["composites"]
    seq: int
    ts: datetime
    data: Composite


class ArbitrageMessage(msgspec.Struct, frozen=True, kw_only=True, tag_field="type", tag="arbitrage"):
    """An opportunity that opened, changed, closed or was judged; warnings are the reasons in its risk."""

    channel: Literal["arbitrage"]
    seq: int
    ts: datetime
    data: Opportunity


class ExecutionMessage(msgspec.Struct, frozen=True, kw_only=True, tag_field="type", tag="execution"):
    """A paper trade that was planned, opened or closed."""

    channel: Literal["executions"]
    seq: int
    ts: datetime
    data: Execution


class PerformanceMessage(msgspec.Struct, frozen=True, kw_only=True, tag_field="type", tag="performance"):
    """What a group of trades earned, after its newest trade."""

    channel: Literal["performance"]
    seq: int
    ts: datetime
    data: Performance


class AlertMessage(msgspec.Struct, frozen=True, kw_only=True, tag_field="type", tag="alert"):
    """Something that a person should know."""

    channel: Literal["alerts"]
    seq: int
    ts: datetime
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
"""What one message of each channel is called."""


class PushMessage(msgspec.Struct, frozen=True):
    """Any of them, around data that is JSON already. `ts` is when this server had it."""

    type: str
    channel: str
    seq: int
    ts: datetime
    data: msgspec.Raw
