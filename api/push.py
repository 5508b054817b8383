"""Push: an entry of the feed to the message that clients get.

The entry is JSON already and is put into its envelope as it stands; only what filters look at is
decoded. So it costs a few microseconds once, however many clients there are.
"""

from datetime import datetime

import msgspec

from api.messages import MESSAGE_TYPES, Pushed, encode
from api.ring import Facts, Message


class SignalFacts(Facts, frozen=True, kw_only=True):
    """Facts that every signal states."""

    symbol: str
    direction: str
    timeframe: str
    raw_confidence: float
    mtf_aligned: bool
    detected_at: datetime

    @property
    def score(self) -> float:
        """The number to rank it by: the final score, or the confidence while it has none."""
        return self.raw_confidence if self.final_score is None else self.final_score


_facts = msgspec.json.Decoder(Facts)
_signal_facts = msgspec.json.Decoder(SignalFacts)


def message_of(channel: str, seq: int, payload: bytes, at: datetime) -> Message:
    """The message of one entry.

    Parameters
    ----------
    channel, seq
        Where the entry stands in the feed.
    payload
        The entry: a JSON object.
    at
        When this server had it.

    Raises
    ------
    ValueError
        If the payload is not such an object.

    Examples
    --------
    >>> from datetime import UTC
    >>> print(message_of("alerts", 7, b'{"level":"info"}', datetime(2026, 11, 20, 12, tzinfo=UTC)).text)
    {"type":"alert","channel":"alerts","seq":7,"ts":"2026-11-20T12:00:00Z","data":{"level":"info"}}
    """
    if channel == "signals":
        facts: Facts = (signal := _signal_facts.decode(payload))
        payload = payload.rstrip()[:-1] + b',"score":' + msgspec.json.encode(signal.score) + b"}"
    else:
        facts = _facts.decode(payload)
    text = encode(Pushed(MESSAGE_TYPES[channel], channel, seq, at, msgspec.Raw(payload)))
    return Message(channel, seq, text, facts)
