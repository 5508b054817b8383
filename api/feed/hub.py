"""Hub: the clients of this process, and what is said to all of them besides the feed."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from datetime import datetime
from random import Random

import msgspec

from api.feed import backfill
from api.feed.client import Client, said
from api.feed.fanout import Fanout
from api.feed.filters import ANY, Filter
from api.feed.lane import Subscription
from api.feed.messages import (
    CLOSE_RESTARTING,
    CLOSE_SLOW,
    Connected,
    Gap,
    GoingAway,
    Greeting,
    Keepalive,
    Status,
    StatusData,
    encode,
)
from api.feed.ring import Message, Ring
from api.metrics import Metrics
from api.security.principal import Principal
from api.security.sessions import Ending, stays
from api.settings import ApiSettings

VERSION = "3.1.0"
"""Of what is spoken over the WebSocket; its first number changes when a client would have to."""
_SPREAD_MS = (500, 5000)
"""When clients of a stopping server come back, so that they do not all come at once."""
_AT_ONCE = 250
"""Clients that are said something before others, who may wait for a message, get their turn."""


class Hub:
    """The ring, the clients and the rules between them.

    Parameters
    ----------
    settings
        The limits.
    metrics
        Where messages and losses are counted.
    steady_s
        Reads a clock that only goes forward, in seconds.
    ending
        Says why somebody may not stay.
    """

    def __init__(
        self,
        settings: ApiSettings,
        metrics: Metrics,
        steady_s: Callable[[], float],
        ending: Callable[[Principal], Ending | None] = stays,
    ) -> None:
        self.settings = settings
        self.metrics = metrics
        self.ring = Ring(settings.ring_messages, settings.ring_bytes)
        self.clients: set[Client] = set()
        self.addresses: Counter[str | None] = Counter()
        self.steady_s = steady_s
        self._ending = ending
        self.sent = metrics.ws_messages.labels("clients").inc
        self.fanout = Fanout(
            self.ring,
            steady_s,
            announce=self.announce,
            close=self.close,
            sent=self.sent,
        )

    @property
    def epoch(self) -> str | None:
        """Which life of the streams the seqs belong to; None until Redis was first reached."""
        return self.ring.epoch

    def join(self, client: Client, channels: Sequence[str], wanted: Filter) -> None:
        """Greet a client and begin what its address streams by itself."""
        greeting = Greeting(message="signalengine feed", version=VERSION, epoch=self.epoch, heads=self.heads())
        self.tell(client, Connected(greeting))
        self.fanout.flush()
        for channel in channels:
            client.lane.subscriptions[channel] = Subscription(channel, wanted, self.ring.newest.get(channel, 0))
        client.lane.position = self.ring.head
        self.clients.add(client)
        self.addresses[client.address] += 1
        self.fanout.settle(client)

    def leave(self, client: Client) -> None:
        """Forget a client; once is enough."""
        self.fanout.unsettle(client)
        if client in self.clients:
            self.clients.discard(client)
            self.addresses[client.address] -= 1
            if not self.addresses[client.address]:
                del self.addresses[client.address]
        if client.recovery is not None:
            client.recovery.cancel()

    def full(self, client: Client) -> None:
        """The sink of a client takes nothing more for now."""
        if client.full_since_s is None:
            client.full_since_s = self.steady_s()
            self.fanout.unsettle(client)

    def room(self, client: Client) -> None:
        """It takes something again."""
        if client.full_since_s is not None:
            client.has_room()
            if client.closing is None and client in self.clients:
                self.fanout.settle(client)

    def tell(self, client: Client, word: msgspec.Struct) -> None:
        """Say something to one client."""
        self.say(client, said(client.sink.form, word))

    def say(self, client: Client, data: bytes) -> None:
        """The same, in the client's form already."""
        if not client.say(data):
            self.close(client, CLOSE_SLOW, "answers were not taken")

    def close(self, client: Client, code: int, reason: str) -> None:
        """Close one client's connection."""
        if client.closing is None:
            client.close(code, reason, self.steady_s())
            self.fanout.unsettle(client)
            self.metrics.ws_closed.labels(code).inc()

    def heads(self) -> dict[str, int]:
        """The newest seq of every channel that has had a message."""
        return dict(self.ring.newest)

    def publish(self, messages: Sequence[Message]) -> None:
        """Give messages to everybody, in this order."""
        self.fanout.publish(messages)

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
            backfill=backfill.address(channel, ANY, since, None),
        )
        concerned = sum(channel in lane.subscriptions for client in self.clients for lane in client.lanes)
        self.metrics.ws_gaps.labels(gap.reason).inc(concerned)
        self.publish([Message(channel, last, encode(gap), None, "gap")])

    def announce(self, client: Client, gap: Gap) -> None:
        """Tell one client what it will not get."""
        self.metrics.ws_gaps.labels(gap.reason).inc()
        self.tell(client, gap)

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
        self.fanout.flush()
        for client in self.clients:
            self.fanout.unsettle(client)
        is_first, self.ring.epoch = self.epoch is None, epoch
        self.ring.clear()
        for channel, seq in floors.items():
            self.ring.begin(channel, seq)
        for message in backlog:
            self.ring.append(message)
        self.fanout.skip()
        for client in list(self.clients):
            for lane in client.lanes:
                lane.position = self.ring.head
                for subscription in lane.subscriptions.values():
                    if not is_first:
                        self.announce(client, subscription.gap(epoch, None, None, "epoch_changed"))
                    subscription.seen = self.ring.newest.get(subscription.channel, 0)
                    subscription.recovering = False
            self.fanout.settle(client)

    async def spread_status(self, metrics: Mapping[str, float], at: datetime) -> None:
        """Tell everybody how the server is, but for those who have no room; they get the next."""
        status = Status(at, StatusData(metrics=dict(metrics), connected_clients=len(self.clients)))
        await self._say(status, list(self.clients))

    async def sweep(self, now_s: float, at: datetime) -> None:
        """Once a second: a word to the idle, a question to the silent, an end to the stuck and the expired."""
        quiet_s = now_s - self.settings.keepalive_s
        idle = [cohort for cohort in self.fanout.cohorts.values() if cohort.sent_s <= quiet_s]
        for cohort in idle:
            cohort.sent_s = now_s
        await self._say(
            Keepalive(at, self.epoch, self.heads()),
            [client for cohort in idle for client in cohort.members],
            to_waiting=Keepalive(at, self.epoch, {}),
        )
        async for client in _in_turns(list(self.clients)):
            if client in self.clients:  # others left while it waited for its turn
                self._look_after(client, now_s)

    def _look_after(self, client: Client, now_s: float) -> None:
        stuck_s, silent_s = self.settings.stuck_s, now_s - client.heard_s
        if client.closing is not None:
            if now_s - client.closing.since_s >= stuck_s:
                client.sink.abort()
        elif client.full_since_s is not None and now_s - client.full_since_s >= stuck_s:
            self.close(client, CLOSE_SLOW, "nothing was taken for too long")
        elif (end := self._ending(client.principal)) is not None:
            self.close(client, *end)
        elif silent_s >= 3 * self.settings.ping_s:
            self.close(client, CLOSE_SLOW, "pings were not answered")
        elif silent_s >= self.settings.ping_s and not client.pinged and client.full_since_s is None:
            client.pinged = True
            client.sink.ping()

    async def _say(
        self, word: msgspec.Struct, clients: Sequence[Client], *, to_waiting: msgspec.Struct | None = None
    ) -> None:
        """Write a word to those who are up to date, or another to those of them for whom a pace holds something back.

        Both are encoded once a form.
        """
        forms = {client.sink.form for client in clients}
        made = {form: (said(form, to_waiting or word), said(form, word)) for form in forms}
        async for client in _in_turns(clients):
            if client.cohort is not None:
                client.sink.write(made[client.sink.form][self.fanout.is_complete(client)])

    def farewell(self, random: Random) -> None:
        """Tell everybody that the server stops, and when to come back."""
        for client in list(self.clients):
            self.tell(client, GoingAway(random.randint(*_SPREAD_MS)))

    def dismiss(self) -> None:
        """Close all connections, since the server stops."""
        for client in list(self.clients):
            self.close(client, CLOSE_RESTARTING, "the server restarts")


async def _in_turns(clients: Sequence[Client]) -> AsyncIterator[Client]:
    for place, client in enumerate(clients, 1):
        yield client
        if place % _AT_ONCE == 0:
            await asyncio.sleep(0)
