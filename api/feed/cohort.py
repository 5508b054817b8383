"""Cohort: clients with the same channels, filters and wire format that are all up to date.

Their messages are filtered, encoded and joined once for all of them; each client costs one write.
"""

from collections.abc import Callable, Sequence

from api.feed.client import Client
from api.feed.filters import Filter
from api.feed.lane import Batch
from api.feed.ring import Message
from api.feed.wire_format import WireFormat

Key = tuple[WireFormat, frozenset[tuple[str, Filter]]]


def key_of(client: Client) -> Key:
    """What the clients of a cohort have in common: the wire format, and the unpaced channels with their filters."""
    subscriptions = client.lane.subscriptions
    return client.sink.wire_format, frozenset((name, one.filter) for name, one in subscriptions.items())


class Cohort:
    """Clients that are written to together.

    Attributes
    ----------
    members
        Each with the `write` method of its sink.
    sent_s
        When they were last sent anything, by the clock of the fan-out.
    """

    __slots__ = ("_filters", "_wire_format", "key", "members", "sent_s")

    def __init__(self, key: Key, now_s: float) -> None:
        self.key = key
        self._wire_format, filters = key
        self._filters = dict(filters)
        self.members: dict[Client, Callable[[bytes], None]] = {}
        self.sent_s = now_s

    def batch(self, messages: Sequence[Message], epoch: str) -> Batch:
        """Encode those of the messages that pass the filters."""
        filters, wire_format = self._filters, self._wire_format
        parts = [
            message.to_wire(wire_format, epoch)
            for message in messages
            if (filter_ := filters.get(message.channel)) is not None and filter_.accepts(message.attributes)
        ]
        return Batch(b"".join(parts), len(parts))

    def write(self, batch: Batch, now_s: float) -> None:
        """Write a batch to all members. A member whose buffer this fills has received it, and leaves the cohort."""
        self.sent_s = now_s
        data = batch.data
        for write in list(self.members.values()):
            write(data)
