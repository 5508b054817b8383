"""Letters: a message of the feed becomes a delivery for each hook that wants to hear of it.

A delivery's id is a function of what the message is of, not of where it stood: whether a message is read twice, comes
again under another number, or is made up for from the ledger, each hook is told of it once.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from hashlib import blake2b
from typing import Any, Final, NamedTuple

import msgspec

from flows.alerts.settings import Hook
from flows.alerts.texts import body_of
from flows.alerts.wanted import is_wanted
from store.webhooks import Delivery

_IDENTITY: Final = {
    "signals": ("id",),
    "composites": ("id",),
    "arbitrage": ("id", "revision"),
    "executions": ("id", "outcome"),
    "performance": ("account", "group", "name", "total_trades"),
    "alerts": ("id",),
}
"""By what one message of a channel is told from another."""
_TIME: Final = {"arbitrage": "updated_at", "executions": "updated_at", "performance": "last_updated", "alerts": "at"}
"""Which time a message speaks of; on other channels it is `detected_at`."""

_decoder = msgspec.json.Decoder(dict[str, Any])


class Message(NamedTuple):
    """One message.

    Attributes
    ----------
    seq
        Where it stands in the feed; 0 if it comes from the ledger.
    said, payload
        It, read and as it came.
    at
        The time that it speaks of; None if it does not say.
    """

    channel: str
    seq: int
    payload: bytes
    said: Mapping[str, Any]
    at: datetime | None


def read(channel: str, seq: int, payload: bytes) -> Message | None:
    """A message as it came; None if it is none."""
    try:
        said = _decoder.decode(payload)
    except msgspec.DecodeError:
        return None
    try:
        at = msgspec.convert(said.get(_TIME.get(channel, "detected_at")), datetime)
    except msgspec.ValidationError:
        at = None
    return Message(channel, seq, payload, said, at if at is not None and at.tzinfo is not None else None)


def deliveries(hooks: Sequence[Hook], messages: Sequence[Message], now: datetime) -> list[Delivery]:
    """What is to be told of `messages`, in their order."""
    return [
        Delivery(
            id=_id(hook.name, message),
            hook=hook.name,
            channel=message.channel,
            seq=message.seq,
            body=body_of(hook, message.channel, message.seq or None, message.said, message.payload).decode(),
            # Those of the ledger have no number, and yet keep their order.
            created_at=now if message.seq else now + timedelta(microseconds=place - len(messages)),
        )
        for place, message in enumerate(messages)
        for hook in hooks
        if is_wanted(hook, message.channel, message.said)
    ]


def _id(hook: str, message: Message) -> str:
    names = _IDENTITY[message.channel]
    known = all(name in message.said for name in names)
    identity = msgspec.json.encode([message.said[name] for name in names]) if known else message.payload
    digest = blake2b(f"{hook}\n{message.channel}\n".encode() + identity, digest_size=16)
    return f"msg_{digest.hexdigest()}"
