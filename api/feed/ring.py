"""Ring: the newest messages of all channels in order of arrival, kept once for all clients.

A client holds one integer, the position up to which it has read. Who falls behind the tail has missed
messages and can be told exactly which, so nobody needs a queue, and a thousand stuck clients cost no
more than one.
"""

from datetime import datetime

import msgspec

from api.feed.forms import Form, written


class Facts(msgspec.Struct, frozen=True, kw_only=True):
    """What filters look at, and what a message is the newest of; null where it does not say."""

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
        """What the message tells of: of two with the same key the newer one replaces the older."""
        return (self.name or self.id,)


class Message:
    """One message, encoded once for everybody.

    Parameters
    ----------
    channel, seq
        Where it stands in the feed.
    body
        Its JSON, without line breaks.
    facts
        What filters look at; None for a message that concerns all subscribers of its channel.
    kind
        Its type, as it stands in the JSON.
    """

    __slots__ = ("_written", "body", "channel", "facts", "kind", "seq")

    def __init__(self, channel: str, seq: int, body: bytes, facts: Facts | None, kind: str = "") -> None:
        self.channel = channel
        self.seq = seq
        self.body = body
        self.facts = facts
        self.kind = kind
        self._written: dict[Form, bytes] = {}

    def written(self, form: Form, epoch: str | None) -> bytes:
        """The message in a form, which is made at the first call."""
        made = self._written.get(form)
        if made is None:
            position = f"{epoch}:{self.seq}"
            made = self._written[form] = written(form, self.body, kind=self.kind, position=position)
        return made


class Ring:
    """A bounded run of messages with absolute positions.

    Parameters
    ----------
    messages_max
        Messages kept, at least 1.
    bytes_max
        The same in bytes of JSON; one message is kept whatever its size.

    Attributes
    ----------
    epoch
        Which life of the streams the seqs belong to; None until Redis was first reached.
    head
        Position that the next message will get.
    tail
        Position of the oldest message kept; equal to `head` if there is none.
    newest
        By channel, the seq of its newest message; 0 before the first.
    floor
        By channel, the seq after which all messages are in the ring.
    """

    def __init__(self, messages_max: int, bytes_max: int) -> None:
        self._slots: list[Message | None] = [None] * messages_max
        self._bytes_max = bytes_max
        self._bytes = 0
        self.epoch: str | None = None
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

    @property
    def is_full(self) -> bool:
        """Whether the next message makes it forget the oldest."""
        return len(self) == len(self._slots) or self._bytes >= self._bytes_max

    def begin(self, channel: str, seq: int) -> None:
        """Say that messages of `channel` up to `seq` exist but will not be given to the ring."""
        self.newest[channel] = self.floor[channel] = seq

    def append(self, message: Message) -> None:
        """Keep `message`, whose seq is above all before it on its channel, and forget the oldest if need be."""
        size = len(message.body)
        while self.tail < self.head and (len(self) == len(self._slots) or self._bytes + size > self._bytes_max):
            self._forget()
        self._slots[self.head % len(self._slots)] = message
        self._bytes += size
        self.head += 1
        self.newest[message.channel] = message.seq

    def after(self, channel: str, seq: int) -> int | None:
        """The position from which all messages of `channel` after `seq` will be met; None if some are gone.

        Looks backwards from the head, so it costs as much as was missed.
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

    def newest_facts(self, channel: str) -> Facts | None:
        """What the newest message of `channel` that is kept says of itself; None if none does."""
        for position in range(self.head - 1, self.tail - 1, -1):
            message = self[position]
            if message.channel == channel and message.facts is not None:
                return message.facts
        return None

    def clear(self) -> None:
        """Forget everything, also the seqs; positions go on."""
        while self.tail < self.head:
            self._forget()
        self.newest.clear()
        self.floor.clear()

    def _forget(self) -> None:
        message = self[self.tail]
        self._slots[self.tail % len(self._slots)] = None
        self._bytes -= len(message.body)
        self.floor[message.channel] = message.seq
        self.tail += 1
