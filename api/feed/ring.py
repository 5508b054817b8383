"""Ring: the newest messages of all channels in order of arrival, stored once for all clients.

A client holds one integer, the position up to which it has read. If it falls behind the tail it has missed messages,
and a gap can state exactly which. So no client needs a queue, and a thousand stuck clients cost no more than one.
"""

from datetime import datetime

import msgspec

from api.feed.wire_format import WireFormat, to_wire


class Attributes(msgspec.Struct, frozen=True, kw_only=True):
    """The fields of a message that filters test and that make up its key; null where the message lacks them."""

    id: str | None = None
    name: str | None = None
    symbol: str | None = None
    direction: str | None = None
    timeframe: str | None = None
    raw_confidence: float | None = None
    final_score: float | None = None
    mtf_aligned: bool | None = None
    detected_at: datetime | None = None

    @property
    def key(self) -> tuple[str | None, ...]:
        """What the message describes: of two messages with the same key the newer one replaces the older."""
        return (self.name or self.id,)


class Message:
    """One message of the feed, encoded once per wire format.

    Parameters
    ----------
    channel, seq
        Its place in the feed.
    body
        Its JSON, without line breaks.
    attributes
        What filters test; None for a message to all subscribers of its channel.
    kind
        Its type, as stated in the JSON.
    """

    __slots__ = ("_encoded", "attributes", "body", "channel", "kind", "seq")

    def __init__(self, channel: str, seq: int, body: bytes, attributes: Attributes | None, kind: str = "") -> None:
        self.channel = channel
        self.seq = seq
        self.body = body
        self.attributes = attributes
        self.kind = kind
        self._encoded: dict[WireFormat, bytes] = {}

    def to_wire(self, wire_format: WireFormat, epoch: str) -> bytes:
        """The message in a wire format; encoded at the first call."""
        encoded = self._encoded.get(wire_format)
        if encoded is None:
            position = f"{epoch}:{self.seq}"
            encoded = self._encoded[wire_format] = to_wire(wire_format, self.body, kind=self.kind, position=position)
        return encoded


class Ring:
    """A bounded buffer of messages with absolute positions.

    Parameters
    ----------
    messages_max
        Most messages stored, at least 1.
    bytes_max
        Most bytes of JSON stored; one message is stored whatever its size.

    Attributes
    ----------
    epoch
        The epoch that the seqs belong to; empty until Redis was first reached.
    head
        Position that the next message will get.
    tail
        Position of the oldest message stored; equal to `head` if there is none.
    newest
        By channel, the seq of its newest message; 0 before the first.
    floor
        By channel, the seq after which all messages are in the ring.
    """

    def __init__(self, messages_max: int, bytes_max: int) -> None:
        self._slots: list[Message | None] = [None] * messages_max
        self._bytes_max = bytes_max
        self._bytes = 0
        self.epoch = ""
        self.head = 0
        self.tail = 0
        self.newest: dict[str, int] = {}
        self.floor: dict[str, int] = {}

    def __getitem__(self, position: int) -> Message:
        message = self._slots[position % len(self._slots)]
        assert message is not None
        assert self.tail <= position < self.head
        return message

    def __len__(self) -> int:
        return self.head - self.tail

    def tail_after(self, message: Message) -> int:
        """The tail once `message` is appended: all messages before it will be dropped."""
        tail, excess = self.tail, self._bytes + len(message.body) - self._bytes_max
        while tail < self.head and (excess > 0 or self.head - tail == len(self._slots)):
            excess -= len(self[tail].body)
            tail += 1
        return tail

    def set_floor(self, channel: str, seq: int) -> None:
        """Declare that messages of `channel` up to `seq` exist but will not be in the ring."""
        self.newest[channel] = self.floor[channel] = seq

    def append(self, message: Message) -> None:
        """Store `message`, whose seq is above all before it on its channel, and drop the oldest as needed."""
        tail = self.tail_after(message)
        while self.tail < tail:
            self._drop_oldest()
        self._slots[self.head % len(self._slots)] = message
        self._bytes += len(message.body)
        self.head += 1
        self.newest[message.channel] = message.seq

    def position_after(self, channel: str, seq: int) -> int | None:
        """The position from which all messages of `channel` after `seq` follow; None if some were dropped.

        Searches backwards from the head, so the cost grows with what was missed.
        """
        if seq < self.floor.get(channel, 0):
            return None
        position = self.head
        while position > self.tail:
            message = self[position - 1]
            if message.channel == channel and message.seq <= seq:
                break
            position -= 1
        return position

    def newest_attributes(self, channel: str) -> Attributes | None:
        """Attributes of the newest message of `channel` that has any; None if there is none in the ring."""
        for position in range(self.head - 1, self.tail - 1, -1):
            message = self[position]
            if message.channel == channel and message.attributes is not None:
                return message.attributes
        return None

    def clear(self) -> None:
        """Drop all messages and seqs; positions continue."""
        while self.tail < self.head:
            self._drop_oldest()
        self.newest.clear()
        self.floor.clear()

    def _drop_oldest(self) -> None:
        message = self[self.tail]
        self._slots[self.tail % len(self._slots)] = None
        self._bytes -= len(message.body)
        self.floor[message.channel] = message.seq
        self.tail += 1
