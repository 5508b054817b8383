"""Resume: a client names what it wants and from where, and gets all that it missed, or is told what not.

What was missed comes from the ring; if that no longer reaches back so far, from Redis, page by page as
the client takes it, until the ring has the rest.
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
"""What is kept of one read from Redis for one client."""
READS_AT_ONCE = 4
"""A read may be large, and after an outage everybody comes back at the same moment."""
RETRY_S = 0.5
"""Pause before Redis is asked again for what a client missed."""


class Resume:
    """Subscribes clients and lets them catch up.

    Parameters
    ----------
    hub
        Whose clients they are.
    reader
        Where the streams are.
    now
        Reads the time of day.
    """

    def __init__(self, hub: Hub, reader: FeedReader, now: Callable[[], datetime]) -> None:
        self._hub = hub
        self._reader = reader
        self._now = now
        self._turn = asyncio.Semaphore(READS_AT_ONCE)

    def subscribe(self, client: Client, command: Subscribe) -> Coroutine[Any, Any, None] | None:
        """Begin a channel anew for `client`.

        Returns
        -------
        coroutine or None
            What is left to do if Redis has to be asked first. It raises ServiceError if that is away; the
            client's subscriptions are then as they were.

        Raises
        ------
        ProblemError
            If the feed was not reached yet, or, by the coroutine, if the position lies in the future.
        """
        since = command.since
        if since is not None and not self._is_in_ring(command.channel, since):
            return self._ask_and_begin(client, command, since)
        self._begin(client, command, None if since is None else True)
        return None

    def unsubscribe(self, client: Client, command: Unsubscribe) -> None:
        """End a channel for `client`."""
        hub = self._hub
        hub.fanout.flush()
        hub.fanout.unsettle(client)
        _forget(client, command.channel)
        hub.tell(client, Unsubscribed(id=command.id, channel=command.channel))
        hub.fanout.settle(client)

    def _is_in_ring(self, channel: str, since: Since) -> bool:
        """Whether all after `since` is in the ring; if not, only Redis can tell what became of it."""
        hub = self._hub
        if hub.epoch is None:
            raise ProblemError(UNAVAILABLE, "the feed was not reached yet; subscribe again shortly")
        return (
            since.epoch == hub.epoch
            and since.seq <= hub.ring.newest.get(channel, 0)
            and hub.ring.after(channel, since.seq) is not None
        )

    async def _ask_and_begin(self, client: Client, command: Subscribe, since: Since) -> None:
        channel = command.channel
        if since.epoch != self._hub.epoch:
            if await self._reader.epoch() == since.epoch:
                raise ProblemError(UNAVAILABLE, "this server is about to begin that epoch; subscribe again shortly")
            kept = False
        elif since.seq > self._hub.ring.newest.get(channel, 0):
            # Another server may be a moment ahead of this one, but not of Redis.
            newest = await self._reader.newest(channel)
            if since.seq > newest:
                raise ProblemError(
                    INVALID_MESSAGE, f"since.seq {since.seq} is ahead of the newest message of {channel}, {newest}"
                )
            kept = True
        else:
            async with self._turn:
                kept = (await self._reader.following(channel, since.seq)).complete
        self._begin(client, command, kept)

    def _begin(self, client: Client, command: Subscribe, kept: bool | None) -> None:
        """Nothing waits here, so neither the ring nor the epoch can change."""
        hub, channel, since = self._hub, command.channel, command.since
        if client.closing is not None:
            return
        hub.fanout.flush()
        hub.fanout.unsettle(client)
        if client.by_default:
            client.lane.subscriptions.clear()
            client.by_default = False
        newest = hub.ring.newest.get(channel, 0)
        lane, subscription = self._place_of(client, command, newest)
        gap: Gap | None = None
        if since is not None and since.epoch != hub.epoch:
            subscription.seen = since.seq
            gap = subscription.gap(hub.epoch, None, None, "epoch_changed")
            subscription.seen, kept = newest, False
        elif since is not None:
            subscription.seen = since.seq
            self._place(lane, subscription)
        elif command.snapshot:
            self._look_back(lane, subscription, command.snapshot)
        hub.tell(client, Subscribed(id=command.id, channel=channel, epoch=hub.epoch, seq=newest, recovered=kept))
        if gap is not None:
            hub.announce(client, gap)
        hub.fanout.settle(client)
        self._recover_if_needed(client)

    def _place_of(self, client: Client, command: Subscribe, newest: int) -> tuple[Lane, Subscription]:
        """A new subscription in the lane that has its pace."""
        channel = command.channel
        _forget(client, channel)
        lane = client.lane
        if command.min_interval_ms or command.mode == "latest":
            lane = Lane(self._hub.ring, interval_s=command.min_interval_ms / 1000, latest=command.mode == "latest")
            client.paced += (lane,)
        subscription = lane.subscriptions[channel] = Subscription(channel, command.filter, newest, command.mode)
        return lane, subscription

    def _place(self, lane: Lane, subscription: Subscription) -> None:
        """Set a lane back to where the ring has what follows, or have it recover that from Redis first.

        Other channels of the lane do not mind being set back: they know what they have seen.
        """
        position = self._hub.ring.after(subscription.channel, subscription.seen)
        subscription.recovering = position is None
        if position is not None:
            lane.position = min(lane.position, position)

    def _look_back(self, lane: Lane, subscription: Subscription, count: int) -> None:
        """Set a lane back so far that it meets the last `count` messages that it wants, or all there are."""
        ring = self._hub.ring
        for position in range(ring.head - 1, ring.tail - 1, -1):
            message = ring[position]
            if message.channel == subscription.channel and message.facts is not None:
                if subscription.wanted.accepts(message.facts):
                    subscription.seen, lane.position = message.seq - 1, min(lane.position, position)
                    count -= 1
                if not count:
                    return

    def _recover_if_needed(self, client: Client) -> None:
        if client.recovery is None and any(lane.recovering for lane in client.lanes):
            client.recovery = tasks.spawn("recovery", self._recover(client))

    async def _recover(self, client: Client) -> None:
        """Write what `client` missed and Redis has; set its channels free once the ring has the rest."""
        try:
            while client.closing is None and (left := _recovering(client)):
                if client.full_since_s is not None:
                    client.room = asyncio.Event()
                    await client.room.wait()
                    client.room = None
                try:
                    await self._page(client, *left)
                except ServiceError:
                    await asyncio.sleep(RETRY_S)
        finally:
            client.recovery = None
        self._hub.fanout.settle(client)

    async def _page(self, client: Client, lane: Lane, subscription: Subscription) -> None:
        """Write one read's worth of what one channel missed."""
        hub, channel, epoch = self._hub, subscription.channel, self._hub.epoch
        self._place(lane, subscription)
        if not subscription.recovering:
            return
        async with self._turn:
            following = await self._reader.following(channel, subscription.seen)
        if lane.subscriptions.get(channel) is not subscription or hub.epoch != epoch or client.closing is not None:
            return
        if following.complete and following.entries:
            self._write(client, subscription, following.entries)
            return
        first = following.entries[0][0] if following.entries else hub.ring.floor[channel] + 1
        hub.announce(client, subscription.gap(epoch, first - 1, None, "expired"))
        subscription.seen = first - 1

    def _write(self, client: Client, subscription: Subscription, entries: list[Entry]) -> None:
        """Write what the subscription wants, as far as there is room; it has then seen so much."""
        at, parts, room = self._now(), [], PAGE_BYTES
        for seq, payload in entries:
            try:
                message = message_of(subscription.channel, seq, payload, at)
            except ValueError:
                subscription.seen = seq  # the tail counted it when it came
                continue
            if subscription.look_at(message):
                parts.append(message.written(client.sink.form, self._hub.epoch))
                room -= len(message.body)
                if room <= 0:
                    break
        self._hub.sent(len(parts))
        client.sink.write(b"".join(parts))


def _forget(client: Client, channel: str) -> None:
    """End a channel in whichever lane it is."""
    client.lane.subscriptions.pop(channel, None)
    client.paced = tuple(lane for lane in client.paced if channel not in lane.subscriptions)


def _recovering(client: Client) -> tuple[Lane, Subscription] | None:
    """A channel of which older messages are still to be read."""
    for lane in client.lanes:
        for subscription in lane.subscriptions.values():
            if subscription.recovering:
                return lane, subscription
    return None
