"""Messages: parses messages of the feed, and makes a delivery of each for every hook that it matches.

The id of a delivery is a function of the content of the message, not of its position: a message that is read twice, is
published again under another sequence number or is recovered from the database is delivered to each hook once.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from hashlib import blake2b
from typing import Any, Final, NamedTuple

import msgspec

from flows.alerts.filters import matches
from flows.alerts.settings import Hook
from flows.alerts.templates import render_body
from store.webhooks import Delivery

_IDENTITY_FIELDS: Final = {
    "signals": ("id",),
    "composites": ("id",),
    "arbitrage": ("id", "revision"),
    "executions": ("id", "outcome"),
    "performance": ("account", "group", "name", "total_trades"),
    "alerts": ("id",),
}
"""The fields that together identify a message of a channel."""
_TIME_FIELD: Final = {
    "arbitrage": "updated_at",
    "executions": "updated_at",
    "performance": "last_updated",
    "alerts": "at",
}
"""The field that holds the time of a message, on channels where it is not `detected_at`."""

_decoder = msgspec.json.Decoder(dict[str, Any])


class Message(NamedTuple):
    """A message of the feed.

    Attributes
    ----------
    seq
        Its sequence number in the feed; 0 if it was recovered from the database.
    payload, fields
        The message as it was published, and parsed.
    at
        Its event time; None if it has none.
    """

    channel: str
    seq: int
    payload: bytes
    fields: Mapping[str, Any]
    at: datetime | None


def parse(channel: str, seq: int, payload: bytes) -> Message | None:
    """Parse a payload; None if it is not a JSON object."""
    try:
        fields = _decoder.decode(payload)
    except msgspec.DecodeError:
        return None
    try:
        at = msgspec.convert(fields.get(_TIME_FIELD.get(channel, "detected_at")), datetime)
    except msgspec.ValidationError:
        at = None
    return Message(channel, seq, payload, fields, at if at is not None and at.tzinfo is not None else None)


def to_deliveries(hooks: Sequence[Hook], messages: Sequence[Message], now: datetime) -> list[Delivery]:
    """The deliveries of `messages`, in their order, to all hooks that they match."""
    return [
        Delivery(
            id=_delivery_id(hook.name, message),
            hook=hook.name,
            channel=message.channel,
            seq=message.seq,
            body=render_body(hook, message.channel, message.seq or None, message.fields, message.payload).decode(),
            # Recovered messages have no sequence number to be ordered by, so their times differ by a microsecond.
            created_at=now if message.seq else now + timedelta(microseconds=index - len(messages)),
        )
        for index, message in enumerate(messages)
        for hook in hooks
        if matches(hook, message.channel, message.fields)
    ]


def _delivery_id(hook: str, message: Message) -> str:
    names = _IDENTITY_FIELDS[message.channel]
    complete = all(name in message.fields for name in names)
    identity = msgspec.json.encode([message.fields[name] for name in names]) if complete else message.payload
    digest = blake2b(f"{hook}\n{message.channel}\n".encode() + identity, digest_size=16)
    return f"msg_{digest.hexdigest()}"
