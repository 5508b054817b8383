"""Resume: a client names what it wants and from where, and gets all that it missed, or is told what not.

What was missed comes from the ring; if that no longer reaches back so far, from Redis, page by page as
the client takes it, until the ring has the rest.
"""

import asyncio
from collections.abc import Callable
from datetime import datetime

from api.client import Client, Subscription
from api.errors import INVALID_MESSAGE, UNAVAILABLE, ProblemError
from api.feed_reader import Entry, FeedReader
from api.hub import Hub
from api.messages import Gap, Since, Subscribe, Subscribed, Unsubscribe, Unsubscribed
from api.push import message_of

PAGE_CHARACTERS = 256 * 1024
"""What is kept of one read from Redis for one client."""
READS_AT_ONCE = 4
"""A read may be large, and after an outage everybody comes back at the same moment."""


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

    async def subscribe(self, client: Client, command: Subscribe) -> None:
        """Begin a channel anew for `client`.

        Raises
        ------
        ProblemError
            If the position lies in the future, or the feed was not reached yet.
        ServiceError
            If Redis would be needed and is away. The client's subscriptions are then as they were.
        """
        hub, channel, since = self._hub, command.channel, command.since
        kept = await self._is_kept(channel, since) if since is not None else None
        # From here on nothing waits, so neither the ring nor the epoch can change.
        newest = hub.ring.newest.get(channel, 0)
        subscription = Subscription(channel, command.filter, newest)
        gap: Gap | None = None
        if since is not None:
            subscription.seen = since.seq
            if since.epoch != hub.epoch:
                gap = subscription.gap(hub.epoch, None, None, "epoch_changed")
                subscription.seen, kept = newest, False
            else:
                self._place(client, subscription)
        if client.by_default:
            client.subscriptions.clear()
            client.by_default = False
        client.subscriptions[channel] = subscription
        client.tell(Subscribed(id=command.id, channel=channel, epoch=hub.epoch, seq=newest, recovered=kept))
        if gap is not None:
            hub.announce(client, gap)

    def unsubscribe(self, client: Client, command: Unsubscribe) -> None:
        """End a channel for `client`."""
        client.subscriptions.pop(command.channel, None)
        client.tell(Unsubscribed(id=command.id, channel=command.channel))

    async def recover(self, client: Client) -> list[str]:
        """The next texts of what `client` missed; sets its channels free once the ring has the rest.

        Raises
        ------
        ServiceError
            If Redis is away; ask again later.
        """
        texts: list[str] = []
        for subscription in list(client.subscriptions.values()):
            if subscription.recovering:
                texts += await self._page(client, subscription)
        return texts

    async def _is_kept(self, channel: str, since: Since) -> bool:
        """Whether everything after `since` can still be had."""
        hub = self._hub
        if hub.epoch is None:
            raise ProblemError(UNAVAILABLE, "the feed was not reached yet; subscribe again shortly")
        if since.epoch != hub.epoch:
            return False
        if since.seq > hub.ring.newest.get(channel, 0):
            # Another server may be a moment ahead of this one, but not of Redis.
            newest = await self._reader.newest(channel)
            if since.seq > newest:
                raise ProblemError(
                    INVALID_MESSAGE, f"since.seq {since.seq} is ahead of the newest message of {channel}, {newest}"
                )
            return True
        if hub.ring.after(channel, since.seq) is not None:
            return True
        async with self._turn:
            return (await self._reader.following(channel, since.seq)).complete

    def _place(self, client: Client, subscription: Subscription) -> None:
        """Set `client` back to where the ring has what follows, or have it recover that from Redis first.

        Other channels of the client do not mind being set back: they know what they have seen.
        """
        position = self._hub.ring.after(subscription.channel, subscription.seen)
        subscription.recovering = position is None
        if position is not None:
            client.position = min(client.position, position)

    async def _page(self, client: Client, subscription: Subscription) -> list[str]:
        """One read's worth of what one channel missed."""
        hub, channel, epoch = self._hub, subscription.channel, self._hub.epoch
        self._place(client, subscription)
        if not subscription.recovering:
            return []
        async with self._turn:
            following = await self._reader.following(channel, subscription.seen)
            if client.subscriptions.get(channel) is not subscription or hub.epoch != epoch:
                return []
            if not (following.complete and following.entries):
                first = following.entries[0][0] if following.entries else hub.ring.floor[channel] + 1
                hub.announce(client, subscription.gap(epoch, first - 1, None, "expired"))
                subscription.seen = first - 1
                return []
            return self._wanted(subscription, following.entries)

    def _wanted(self, subscription: Subscription, entries: list[Entry]) -> list[str]:
        """The texts that the subscription wants, as far as there is room; it has then seen so much."""
        at, texts, room = self._now(), [], PAGE_CHARACTERS
        for seq, payload in entries:
            try:
                message = message_of(subscription.channel, seq, payload, at)
            except ValueError:
                subscription.seen = seq  # the tail counted it when it came
                continue
            if subscription.look_at(message):
                texts.append(message.text)
                room -= len(message.text)
                if room <= 0:
                    break
        return texts
