"""Cohort: clients that want the same in the same form and have all that there was.

What they get is chosen, joined and encoded once for all of them; each costs one write.
"""

from collections.abc import Callable, Sequence

from api.feed.client import Client
from api.feed.filters import Filter
from api.feed.forms import Form
from api.feed.lane import Batch
from api.feed.ring import Message

Key = tuple[Form, frozenset[tuple[str, Filter]]]


def key_of(client: Client) -> Key:
    """What makes clients equal: the channels that they get as soon as possible, with filters, and the form."""
    return client.sink.form, frozenset((name, one.wanted) for name, one in client.lane.subscriptions.items())


class Cohort:
    """Some clients that are written to together.

    Attributes
    ----------
    members
        Each with its write.
    sent_s
        When they were last sent something.
    """

    __slots__ = ("_form", "_wanted", "key", "members", "sent_s")

    def __init__(self, key: Key, now_s: float) -> None:
        self.key = key
        self._form, wanted = key
        self._wanted = dict(wanted)
        self.members: dict[Client, Callable[[bytes], None]] = {}
        self.sent_s = now_s

    @property
    def form(self) -> Form:
        """How its members are written to."""
        return self._form

    def batch(self, messages: Sequence[Message], epoch: str | None) -> Batch:
        """Those of the messages that its members want."""
        wanted, form = self._wanted, self._form
        parts = [
            message.written(form, epoch)
            for message in messages
            if (filter_ := wanted.get(message.channel)) is not None and filter_.accepts(message.facts)
        ]
        return Batch(b"".join(parts), len(parts))

    def write(self, batch: Batch, now_s: float) -> None:
        """Give it to all. Who has no more room leaves while it is given, and has got it all the same."""
        self.sent_s = now_s
        data = batch.data
        for write in list(self.members.values()):
            write(data)
