"""Hub: the connected clients of this process, and all that is sent to them besides the messages of the feed."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from datetime import datetime
from random import Random

import msgspec

from api.feed import backfill
from api.feed.client import Client, encode_control
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
from api.security.session_expiry import SessionEnd, never_ends
from api.settings import ApiSettings

PROTOCOL_VERSION = "3.1.0"
"""Version of the WebSocket protocol; its major number changes when clients have to."""
_RECONNECT_MS = (500, 5000)
"""Range of the reconnect delays that clients of a stopping server get, so that they do not all return at once."""
_CLIENTS_PER_TURN = 250
"""Clients handled before the event loop gets to run other work, such as the delivery of a message."""


class Hub:
    """The ring, the clients, and the rules between them.

    Parameters
    ----------
    settings
        Limits and intervals.
    metrics
        Where messages, gaps and closed connections are counted.
    steady_s
        Reads a monotonic clock, in seconds.
    ending
        Returns why the connection of a principal must be closed, or None.
    """

    def __init__(
        self,
        settings: ApiSettings,
        metrics: Metrics,
        steady_s: Callable[[], float],
        ending: Callable[[Principal], SessionEnd | None] = never_ends,
    ) -> None:
        self.settings = settings
        self.metrics = metrics
        self.ring = Ring(settings.ring_messages, settings.ring_bytes)
        self.clients: set[Client] = set()
        self.addresses: Counter[str | None] = Counter()
        self.steady_s = steady_s
        self._ending = ending
        self.count_sent = metrics.ws_messages.labels("clients").inc
        self.fanout = Fanout(
            self.ring,
            steady_s,
            send_gap=self.send_gap,
            close=self.close,
            count_sent=self.count_sent,
        )

    @property
    def epoch(self) -> str:
        """The epoch that the seqs belong to; empty until Redis was first reached, and no client is admitted before."""
        return self.ring.epoch

    def join(self, client: Client, channels: Sequence[str], filter_: Filter) -> None:
        """Add a client: greet it, and start the channels that its endpoint streams by default."""
        greeting = Greeting(message="signalengine feed", version=PROTOCOL_VERSION, epoch=self.epoch, heads=self.heads())
        self.send(client, Connected(greeting))
        self.fanout.flush()
        for channel in channels:
            client.lane.subscriptions[channel] = Subscription(channel, filter_, self.ring.newest.get(channel, 0))
        client.lane.position = self.ring.head
        self.clients.add(client)
        self.addresses[client.address] += 1
        self.fanout.attach(client)

    def leave(self, client: Client) -> None:
        """Remove a client; further calls have no effect."""
        self.fanout.detach(client)
        if client in self.clients:
            self.clients.discard(client)
            self.addresses[client.address] -= 1
            if not self.addresses[client.address]:
                del self.addresses[client.address]
        if client.recovery is not None:
            client.recovery.cancel()

    def pause_writing(self, client: Client) -> None:
        """Stop writing to a client whose send buffer is full."""
        if client.blocked_since_s is None:
            client.blocked_since_s = self.steady_s()
            self.fanout.detach(client)

    def resume_writing(self, client: Client) -> None:
        """Write to a client again: first what was held for it, then what it missed."""
        if client.blocked_since_s is not None:
            client.resume_writing()
            if client.closing is None and client in self.clients:
                self.fanout.attach(client)

    def send(self, client: Client, message: msgspec.Struct) -> None:
        """Send a control message to one client."""
        self.write(client, encode_control(client.sink.wire_format, message))

    def write(self, client: Client, data: bytes) -> None:
        """Write encoded data to one client; close it if too much is held for it already."""
        if not client.write(data):
            self.close(client, CLOSE_SLOW, "replies were not read; reconnect and resume")

    def close(self, client: Client, code: int, reason: str) -> None:
        """Close the connection of one client."""
        if client.closing is None:
            client.close(code, reason, self.steady_s())
            self.fanout.detach(client)
            self.metrics.ws_closed.labels(code).inc()

    def heads(self) -> dict[str, int]:
        """The newest seq by channel."""
        return dict(self.ring.newest)

    def publish(self, messages: Sequence[Message]) -> None:
        """Send messages to all clients, in this order."""
        self.fanout.publish(messages)

    def publish_gap(self, channel: str, first: int, last: int) -> None:
        """Announce to all subscribers of `channel` that seqs `first` to `last` never reached this server."""
        newest = self.ring.newest_attributes(channel)
        since = None if newest is None else newest.detected_at
        gap = Gap(
            channel=channel,  # type: ignore[arg-type]  # the tail reads only known channels
            epoch=self.epoch,
            first=first,
            last=last,
            reason="lost_upstream",
            backfill=backfill.link(channel, ANY, since, None),
        )
        subscribed = sum(channel in lane.subscriptions for client in self.clients for lane in client.lanes)
        self.metrics.ws_gaps.labels(gap.reason).inc(subscribed)
        self.publish([Message(channel, last, encode(gap), None, "gap")])

    def send_gap(self, client: Client, gap: Gap) -> None:
        """Announce to one client which messages it will not receive."""
        self.metrics.ws_gaps.labels(gap.reason).inc()
        self.send(client, gap)

    def begin_epoch(self, epoch: str, floors: Mapping[str, int], backlog: Sequence[Message] = ()) -> None:
        """Start a new epoch of the streams: earlier seqs are void, and every client is sent a `gap`.

        Parameters
        ----------
        epoch
            Its name.
        floors
            By channel, the seq up to which messages will not be delivered.
        backlog
            Messages for clients that resume; clients that are connected do not receive them.
        """
        self.fanout.flush()
        for client in self.clients:
            self.fanout.detach(client)
        self.ring.epoch = epoch
        self.ring.clear()
        for channel, seq in floors.items():
            self.ring.set_floor(channel, seq)
        for message in backlog:
            self.ring.append(message)
        self.fanout.skip_to_head()
        for client in list(self.clients):
            for lane in client.lanes:
                lane.position = self.ring.head
                for subscription in lane.subscriptions.values():
                    self.send_gap(client, subscription.gap(epoch, None, None, "epoch_changed"))
                    subscription.seen = self.ring.newest.get(subscription.channel, 0)
                    subscription.recovering = False
            self.fanout.attach(client)

    async def broadcast_status(self, metrics: Mapping[str, float], at: datetime) -> None:
        """Send `status` to all clients that are up to date; the others get the next one."""
        status = Status(at, StatusData(metrics=dict(metrics), connected_clients=len(self.clients)))
        await self._broadcast(status, list(self.clients))

    async def sweep(self, now_s: float, at: datetime) -> None:
        """Send keepalives to idle clients, ping silent ones, and close stuck or expired ones; call it every second."""
        quiet_s = now_s - self.settings.keepalive_s
        idle = [cohort for cohort in self.fanout.cohorts.values() if cohort.sent_s <= quiet_s]
        for cohort in idle:
            cohort.sent_s = now_s
        await self._broadcast(
            Keepalive(at, self.epoch, self.heads()),
            [client for cohort in idle for client in cohort.members],
            to_paced=Keepalive(at, self.epoch, {}),
        )
        async for client in _in_turns(list(self.clients)):
            if client in self.clients:  # it may have left while other work ran
                self._check_liveness(client, now_s)

    def _check_liveness(self, client: Client, now_s: float) -> None:
        stuck_s, silent_s = self.settings.stuck_s, now_s - client.last_received_s
        if client.closing is not None:
            if now_s - client.closing.since_s >= stuck_s:
                client.sink.abort()
        elif client.blocked_since_s is not None and now_s - client.blocked_since_s >= stuck_s:
            self.close(client, CLOSE_SLOW, "nothing was read for too long; reconnect and resume")
        elif (end := self._ending(client.principal)) is not None:
            self.close(client, *end)
        elif silent_s >= 3 * self.settings.ping_s:
            self.close(client, CLOSE_SLOW, "pings were not answered")
        elif silent_s >= self.settings.ping_s and not client.pinged and client.blocked_since_s is None:
            client.pinged = True
            client.sink.ping()

    async def _broadcast(
        self, message: msgspec.Struct, clients: Sequence[Client], *, to_paced: msgspec.Struct | None = None
    ) -> None:
        """Write a message to those clients that are up to date, or `to_paced` to those whose paced lanes are not.

        Each of the two is encoded once per wire format.
        """
        wire_formats = {client.sink.wire_format for client in clients}
        encoded = {
            wire_format: (encode_control(wire_format, to_paced or message), encode_control(wire_format, message))
            for wire_format in wire_formats
        }
        async for client in _in_turns(clients):
            if client.cohort is not None:
                client.sink.write(encoded[client.sink.wire_format][self.fanout.is_caught_up(client)])

    def announce_shutdown(self, random: Random) -> None:
        """Send `going_away` to all clients, each with a reconnect delay of its own."""
        for client in list(self.clients):
            self.send(client, GoingAway(random.randint(*_RECONNECT_MS)))

    def close_all(self) -> None:
        """Close all connections because the server stops."""
        for client in list(self.clients):
            self.close(client, CLOSE_RESTARTING, "the server restarts; reconnect and resume")


async def _in_turns(clients: Sequence[Client]) -> AsyncIterator[Client]:
    for number, client in enumerate(clients, 1):
        yield client
        if number % _CLIENTS_PER_TURN == 0:
            await asyncio.sleep(0)
