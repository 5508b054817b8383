"""Hub: from one feed to all clients.

Every message is encoded once and put into one ring, from which each client is served at its own pace.
Nothing here waits, and nothing grows with the number of messages that a client has not taken.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from random import Random

from api import backfill
from api.client import Client, Subscription
from api.messages import (
    CLOSE_SLOW,
    Connected,
    Filter,
    Gap,
    GoingAway,
    Greeting,
    Keepalive,
    Status,
    StatusData,
    encode,
)
from api.metrics import Metrics
from api.ring import Message, Ring
from api.settings import ApiSettings

VERSION = "3.0.0"
"""Of what is spoken over the WebSocket; its first number changes when a client would have to."""
_SPREAD_MS = (500, 5000)
"""When clients of a stopping server come back, so that they do not all come at once."""


class Hub:
    """The ring, the clients and the rules between them.

    Parameters
    ----------
    settings
        The limits.
    metrics
        Where messages and losses are counted.

    Attributes
    ----------
    epoch
        Which life of the streams the seqs belong to; None until Redis was first reached.
    sent
        Counts what transports have sent.
    """

    def __init__(self, settings: ApiSettings, metrics: Metrics) -> None:
        self.settings = settings
        self.metrics = metrics
        self.ring = Ring(settings.ring_messages, settings.ring_bytes)
        self.clients: set[Client] = set()
        self.epoch: str | None = None
        self._status = ""
        self.sent = metrics.ws_messages.labels("clients")

    def join(self, client: Client, channels: Sequence[str], wanted: Filter) -> None:
        """Greet a client and begin what its address streams by itself."""
        greeting = Greeting(message="signalengine feed", version=VERSION, epoch=self.epoch, heads=self.heads())
        client.tell(Connected(greeting))
        for channel in channels:
            client.subscriptions[channel] = Subscription(channel, wanted, self.ring.newest.get(channel, 0))
        self.clients.add(client)

    def leave(self, client: Client) -> None:
        """Forget a client."""
        self.clients.discard(client)

    def heads(self) -> dict[str, int]:
        """The newest seq of every channel that has had a message."""
        return dict(self.ring.newest)

    def publish(self, messages: Sequence[Message]) -> None:
        """Give messages to everybody, in this order."""
        for message in messages:
            self.ring.append(message)
        if messages:
            self._wake_all()

    def lose(self, channel: str, first: int, last: int) -> None:
        """Tell everybody on `channel` that messages `first` to `last` never reached us."""
        newest = self.ring.newest_facts(channel)
        since = None if newest is None else newest.detected_at
        gap = Gap(
            channel=channel,  # type: ignore[arg-type]  # one of ours
            epoch=self.epoch,
            first=first,
            last=last,
            reason="lost_upstream",
            backfill=backfill.address(channel, Filter(), since, None),
        )
        self.metrics.ws_gaps.labels(gap.reason).inc(sum(channel in client.subscriptions for client in self.clients))
        self.publish([Message(channel, last, encode(gap), None)])

    def announce(self, client: Client, gap: Gap) -> None:
        """Tell one client what it will not get."""
        self.metrics.ws_gaps.labels(gap.reason).inc()
        client.tell(gap)

    def begin_epoch(self, epoch: str, floors: Mapping[str, int], backlog: Sequence[Message] = ()) -> None:
        """Start with a life of the streams; seqs of the one before mean nothing, and every client is told.

        Parameters
        ----------
        epoch
            Its name.
        floors
            By channel, the seq up to which messages will not be given.
        backlog
            Messages for those who come back, not for those who are here.
        """
        self.ring.clear()
        for channel, seq in floors.items():
            self.ring.begin(channel, seq)
        for message in backlog:
            self.ring.append(message)
        for client in self.clients:
            for subscription in client.subscriptions.values():
                if self.epoch is not None:
                    self.announce(client, subscription.gap(epoch, None, None, "epoch_changed"))
                subscription.seen = self.ring.newest.get(subscription.channel, 0)
                subscription.recovering = False
            client.position = self.ring.head
        self.epoch = epoch

    def spread_status(self, metrics: Mapping[str, float], at: datetime) -> None:
        """Tell everybody how the server is; who is busy gets only the newest."""
        data = StatusData(metrics=dict(metrics), connected_clients=len(self.clients))
        self._status = encode(Status(at, data))
        for client in self.clients:
            client.status_due = True
        self._wake_all()

    def next_texts(self, client: Client) -> list[str]:
        """What a client is to be sent now; empty if there is nothing yet."""
        for gap in client.overtaken(self.epoch):
            self.announce(client, gap)
        texts = client.take()
        if client.status_due:
            client.status_due = False
            texts.append(self._status)
        return texts

    def sweep(self, now_s: float, at: datetime) -> None:
        """Once a second: a word to the idle, and an end to the stuck."""
        keepalive = encode(Keepalive(at, self.epoch, self.heads()))
        for client in list(self.clients):
            if client.sending_since_s is None:
                idle = client.position == self.ring.head and not client.recovering
                if idle and now_s - client.sent_at_s >= self.settings.keepalive_s:
                    client.tell(keepalive)
            elif now_s - client.sending_since_s >= 2 * self.settings.stuck_s:
                client.drop()
            elif now_s - client.sending_since_s >= self.settings.stuck_s:
                client.close(CLOSE_SLOW, "nothing was taken for too long")

    def farewell(self, random: Random) -> None:
        """Tell everybody that the server stops, and when to come back."""
        for client in self.clients:
            client.tell(GoingAway(random.randint(*_SPREAD_MS)))

    def _wake_all(self) -> None:
        for client in self.clients:
            client.wake()
