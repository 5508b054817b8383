"""Push: turns an entry of the streams into the message that clients receive.

The entry is JSON already and is put into its envelope unchanged; only what filters test is decoded. So this costs a few
microseconds per message, however many clients there are.
"""

from datetime import datetime

import msgspec

from api.feed.channel_messages import MESSAGE_TYPES, PushMessage
from api.feed.messages import encode
from api.feed.ring import Attributes, Message


class SignalAttributes(Attributes, frozen=True, kw_only=True):
    """The attributes of a signal, of which these are always present."""

    symbol: str
    direction: str
    timeframe: str
    raw_confidence: float
    mtf_aligned: bool
    detected_at: datetime

    @property
    def key(self) -> tuple[str | None, ...]:
        """A signal replaces older ones of the same symbol and timeframe."""
        return (self.symbol, self.timeframe)

    @property
    def score(self) -> float:
        """The score to rank it by: the final score, or the confidence if it has none."""
        return self.raw_confidence if self.final_score is None else self.final_score


_LINE_BREAKS_TO_SPACES = bytes.maketrans(b"\r\n", b"  ")  # in JSON they occur only between tokens

_attributes = msgspec.json.Decoder(Attributes)
_signal_attributes = msgspec.json.Decoder(SignalAttributes)


def message_of(channel: str, seq: int, payload: bytes, at: datetime) -> Message:
    """The message of one entry.

    Parameters
    ----------
    channel, seq
        Place of the entry in the feed.
    payload
        The entry: a JSON object.
    at
        When this server received it.

    Raises
    ------
    ValueError
        If the payload is not such an object.

    Examples
    --------
    >>> from datetime import UTC
    >>> print(message_of("alerts", 7, b'{"level":"info"}', datetime(2026, 11, 20, 12, tzinfo=UTC)).body.decode())
    {"type":"alert","channel":"alerts","seq":7,"ts":"2026-11-20T12:00:00Z","data":{"level":"info"}}
    """
    if channel == "signals":
        attributes: Attributes = (signal := _signal_attributes.decode(payload))
        payload = payload.rstrip()[:-1] + b',"score":' + msgspec.json.encode(signal.score) + b"}"
    else:
        attributes = _attributes.decode(payload)
    kind = MESSAGE_TYPES[channel]
    body = encode(PushMessage(kind, channel, seq, at, msgspec.Raw(payload.translate(_LINE_BREAKS_TO_SPACES))))
    return Message(channel, seq, body, attributes, kind)
