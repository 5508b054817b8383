"""Resume: subscribes clients to channels, and delivers the messages that a client missed while it was away.

Missed messages come from the ring. If they are older than that, they are read from Redis page by page, as fast as the
client reads them, until the ring holds the rest. What neither has any more is announced as a gap.
"""

import asyncio
from collections.abc import Callable, Coroutine
from datetime import datetime
from typing import Any

from api import tasks
from api.errors import INVALID_MESSAGE, UNAVAILABLE, ProblemError
from api.feed.client import Client
from api.feed.hub import Hub
from api.feed.lane import Lane, Subscription
from api.feed.messages import Gap, Since, Subscribe, Subscribed, Unsubscribe, Unsubscribed
from api.feed.push import message_of
from api.feed.reader import Entry, FeedReader
from domain.errors import ServiceError

PAGE_BYTES = 256 * 1024
"""JSON of one read from Redis that is written to one client; the rest is read again."""
READS_AT_ONCE = 4
"""Concurrent reads of missed messages: one may be large, and after an outage all clients return at the same moment."""
RETRY_S = 0.5
"""Pause before another read, when Redis was unavailable."""


class Resume:
    """Subscribes clients and lets them catch up.

    Parameters
    ----------
    hub
        The hub of the clients.
    reader
        Reads the streams in Redis.
    now
        Reads the time of day.
    """

    def __init__(self, hub: Hub, reader: FeedReader, now: Callable[[], datetime]) -> None:
        self._hub = hub
        self._reader = reader
        self._now = now
        self._reads = asyncio.Semaphore(READS_AT_ONCE)

    def subscribe(self, client: Client, command: Subscribe) -> Coroutine[Any, Any, None] | None:
        """Start a channel for `client`, or start it anew.

        Returns
        -------
        coroutine or None
            What remains to be done if Redis has to be asked first. It raises ServiceError if Redis is unavailable;
            the subscriptions of the client are then unchanged.

        Raises
        ------
        ProblemError
            From the coroutine: `INVALID_MESSAGE` if the position is ahead of the newest message, `UNAVAILABLE` if its
            epoch has not begun on this server yet.
        """
        since = command.since
        if since is not None and not self._is_in_ring(command.channel, since):
            return self._check_and_start(client, command, since)
        self._start(client, command, None if since is None else True)
        return None

    def unsubscribe(self, client: Client, command: Unsubscribe) -> None:
        """Stop a channel for `client`."""
        hub = self._hub
        hub.fanout.flush()
        hub.fanout.detach(client)
        _remove(client, command.channel)
        hub.send(client, Unsubscribed(id=command.id, channel=command.channel))
        hub.fanout.attach(client)

    def _is_in_ring(self, channel: str, since: Since) -> bool:
        """Whether the ring holds all messages after `since`; if not, Redis has to be asked."""
        hub = self._hub
        return (
            since.epoch == hub.epoch
            and since.seq <= hub.ring.newest.get(channel, 0)
            and hub.ring.position_after(channel, since.seq) is not None
        )

    async def _check_and_start(self, client: Client, command: Subscribe, since: Since) -> None:
        """Ask Redis whether all messages after `since` can be delivered, then start the channel."""
        channel = command.channel
        if since.epoch != self._hub.epoch:
            if await self._reader.epoch() == since.epoch:
                raise ProblemError(UNAVAILABLE, "this server has not begun that epoch yet; subscribe again shortly")
            recovered = False
        elif since.seq > self._hub.ring.newest.get(channel, 0):
            # Another server may be a moment ahead of this one, but not of Redis.
            newest = await self._reader.newest(channel)
            if since.seq > newest:
                raise ProblemError(
                    INVALID_MESSAGE, f"since.seq {since.seq} is ahead of the newest message of {channel}, {newest}"
                )
            recovered = True
        else:
            async with self._reads:
                recovered = (await self._reader.following(channel, since.seq)).complete
        self._start(client, command, recovered)

    def _start(self, client: Client, command: Subscribe, recovered: bool | None) -> None:
        """Start the channel. Nothing is awaited here, so neither the ring nor the epoch can change meanwhile."""
        hub, channel, since = self._hub, command.channel, command.since
        if client.closing is not None:
            return
        hub.fanout.flush()
        hub.fanout.detach(client)
        if client.uses_default_channels:
            client.lane.subscriptions.clear()
            client.uses_default_channels = False
        newest = hub.ring.newest.get(channel, 0)
        lane, subscription = self._add(client, command, newest)
        gap: Gap | None = None
        if since is not None and since.epoch != hub.epoch:
            subscription.seen = since.seq
            gap = subscription.gap(hub.epoch, None, None, "epoch_changed")
            subscription.seen, recovered = newest, False
        elif since is not None:
            subscription.seen = since.seq
            self._rewind(lane, subscription)
        elif command.snapshot:
            self._rewind_for_snapshot(lane, subscription, command.snapshot)
        hub.send(client, Subscribed(id=command.id, channel=channel, epoch=hub.epoch, seq=newest, recovered=recovered))
        if gap is not None:
            hub.send_gap(client, gap)
        hub.fanout.attach(client)
        self._recover_if_needed(client)

    def _add(self, client: Client, command: Subscribe, newest: int) -> tuple[Lane, Subscription]:
        """Add the subscription to the unpaced lane, or to a new lane of its own if the command sets a pace."""
        channel = command.channel
        _remove(client, channel)
        lane = client.lane
        if command.min_interval_ms or command.mode == "latest":
            lane = Lane(self._hub.ring, interval_s=command.min_interval_ms / 1000, latest=command.mode == "latest")
            client.paced += (lane,)
        subscription = lane.subscriptions[channel] = Subscription(channel, command.filter, newest, command.mode)
        return lane, subscription

    def _rewind(self, lane: Lane, subscription: Subscription) -> None:
        """Move the lane back to what follows `subscription.seen`, or mark it as recovering if the ring lacks that.

        Other channels of the lane receive nothing twice: their subscriptions know what they have seen.
        """
        position = self._hub.ring.position_after(subscription.channel, subscription.seen)
        subscription.recovering = position is None
        if position is not None:
            lane.position = min(lane.position, position)

    def _rewind_for_snapshot(self, lane: Lane, subscription: Subscription, count: int) -> None:
        """Move the lane back to the last `count` messages that pass the filter, or to all there are."""
        ring = self._hub.ring
        for position in range(ring.head - 1, ring.tail - 1, -1):
            message = ring[position]
            if message.channel == subscription.channel and message.attributes is not None:
                if subscription.filter.accepts(message.attributes):
                    subscription.seen, lane.position = message.seq - 1, min(lane.position, position)
                    count -= 1
                if not count:
                    return

    def _recover_if_needed(self, client: Client) -> None:
        if client.recovery is None and any(lane.recovering for lane in client.lanes):
            client.recovery = tasks.spawn("recovery", self._recover(client))

    async def _recover(self, client: Client) -> None:
        """Write what `client` missed and Redis has, until the ring holds the rest of every channel."""
        try:
            while client.closing is None and (recovering := _first_recovering(client)):
                if client.blocked_since_s is not None:
                    client.writable = asyncio.Event()
                    await client.writable.wait()
                    client.writable = None
                try:
                    await self._recover_page(client, *recovering)
                except ServiceError:
                    await asyncio.sleep(RETRY_S)
        finally:
            client.recovery = None
        self._hub.fanout.attach(client)

    async def _recover_page(self, client: Client, lane: Lane, subscription: Subscription) -> None:
        """Read once from Redis what one channel missed, and write it."""
        hub, channel, epoch = self._hub, subscription.channel, self._hub.epoch
        self._rewind(lane, subscription)
        if not subscription.recovering:
            return
        async with self._reads:
            following = await self._reader.following(channel, subscription.seen)
        if lane.subscriptions.get(channel) is not subscription or hub.epoch != epoch or client.closing is not None:
            return
        if following.complete and following.entries:
            self._write(client, subscription, following.entries)
            return
        first = following.entries[0][0] if following.entries else hub.ring.floor[channel] + 1
        hub.send_gap(client, subscription.gap(epoch, first - 1, None, "expired"))
        subscription.seen = first - 1

    def _write(self, client: Client, subscription: Subscription, entries: list[Entry]) -> None:
        """Write the entries that pass the filter, up to `PAGE_BYTES`, and advance `subscription.seen`."""
        at, parts, bytes_left = self._now(), [], PAGE_BYTES
        for seq, payload in entries:
            try:
                message = message_of(subscription.channel, seq, payload, at)
            except ValueError:
                subscription.seen = seq  # the tail has counted it
                continue
            if subscription.accept(message):
                parts.append(message.to_wire(client.sink.wire_format, self._hub.epoch))
                bytes_left -= len(message.body)
                if bytes_left <= 0:
                    break
        self._hub.count_sent(len(parts))
        client.sink.write(b"".join(parts))


def _remove(client: Client, channel: str) -> None:
    """Remove the subscription to a channel, in whichever lane it is."""
    client.lane.subscriptions.pop(channel, None)
    client.paced = tuple(lane for lane in client.paced if channel not in lane.subscriptions)


def _first_recovering(client: Client) -> tuple[Lane, Subscription] | None:
    """The first channel of which older messages are still to be read."""
    for lane in client.lanes:
        for subscription in lane.subscriptions.values():
            if subscription.recovering:
                return lane, subscription
    return None
