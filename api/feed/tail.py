"""Tail: follows the feed for this process, from Redis to the hub, through every outage.

It reads streams and not pub/sub, so what is published while Redis or this process is away is read later. What the
streams no longer hold is announced to the clients.
"""

import asyncio
import logging
from collections.abc import Callable, Iterable

from api.feed.hub import Hub
from api.feed.push import SignalAttributes, message_of
from api.feed.reader import FeedReader
from api.feed.ring import Message
from api.memory.hot_lists import HotLists
from api.metrics import Metrics
from domain.clock import to_datetime
from domain.errors import ServiceError
from store.feed import CHANNELS

LAGGING_ENTRIES = 50
"""A read that returns this many entries shows that this process lags; a stream may have dropped some before it."""
BLOCK_MS = 1_000
"""How long one read waits; also how often the epoch is checked."""
RETRY_FIRST_S, RETRY_MAX_S = 0.05, 5.0
"""Pauses between attempts to reach Redis; each is twice the one before."""
CHUNK = 256
"""Messages encoded without a break, which takes a few milliseconds."""

log = logging.getLogger(__name__)


class Tail:
    """Follows the feed until it is cancelled.

    Parameters
    ----------
    reader
        Reads the streams.
    hub
        Receives the messages.
    metrics
        Where entries are counted.
    now_ns, steady_s
        Read the time of day in nanoseconds UTC, and a monotonic clock in seconds.
    hot_lists
        Lists in memory that receive every entry as well.

    Attributes
    ----------
    connected
        The last read succeeded.
    attempted
        Set once the first attempt to reach Redis has succeeded or failed.
    """

    def __init__(
        self,
        reader: FeedReader,
        hub: Hub,
        metrics: Metrics,
        *,
        now_ns: Callable[[], int],
        steady_s: Callable[[], float],
        hot_lists: HotLists | None = None,
    ) -> None:
        self.connected = False
        self.attempted = asyncio.Event()
        self._reader = reader
        self._hub = hub
        self._metrics = metrics
        self._hot_lists = hot_lists
        self._now_ns = now_ns
        self._steady_s = steady_s
        self._positions: dict[str, int] = {}
        self._refused: set[str] = set()  # channels whose first bad entry was logged; later ones are only counted

    async def run(self) -> None:
        """Follow the feed, and reconnect after every outage."""
        pause_s = RETRY_FIRST_S
        while True:
            try:
                await self._start()
                self._set_connected(connected=True)
                pause_s = RETRY_FIRST_S
                await self._follow()
            except ServiceError as problem:
                if self.connected or pause_s == RETRY_FIRST_S:
                    log.warning("feed_lost error=%s", problem)
                self._set_connected(connected=False)
                await asyncio.sleep(pause_s)
                pause_s = min(2 * pause_s, RETRY_MAX_S)

    async def _start(self) -> None:
        """Continue from the last position, or load the backlog if there is none."""
        epoch = await self._reader.epoch()
        if not self._hub.epoch:
            await self._load_backlog(epoch)
        elif self._hub.epoch != epoch:
            await self._change_epoch(epoch)
        else:
            await self._announce_losses()

    async def _load_backlog(self, epoch: str) -> None:
        """Fill the ring with earlier messages, for clients that resume after a restart of this process."""
        each = max(1, self._hub.settings.ring_messages // len(CHANNELS))
        last = {channel: await self._reader.last(channel, each) for channel in CHANNELS}
        floors = {channel: entries[0][0] - 1 if entries else 0 for channel, entries in last.items()}
        # One counter assigns the seqs of all channels, so they also give the order between channels.
        backlog = sorted((seq, channel, payload) for channel, entries in last.items() for seq, payload in entries)
        self._positions = {channel: entries[-1][0] if entries else 0 for channel, entries in last.items()}
        messages = self._messages((channel, seq, payload) for seq, channel, payload in backlog)
        self._hub.begin_epoch(epoch, floors, messages)

    async def _change_epoch(self, epoch: str) -> None:
        """After Redis lost data: continue with what is new.

        Seqs continue from the ledger in Postgres, so everything above the last position is new. If even the newest
        entry is below it, Redis came back with a part of what was read already, and that is not sent twice.
        """
        log.warning("epoch_changed from=%s to=%s", self._hub.epoch, epoch)
        newest = {channel: await self._reader.newest(channel) for channel in CHANNELS}
        self._positions = {channel: min(seq, newest[channel]) for channel, seq in self._positions.items()}
        self._hub.begin_epoch(epoch, self._positions)

    async def _announce_losses(self) -> None:
        """After an outage: announce what the streams dropped before it was read."""
        for channel, position in self._positions.items():
            following = await self._reader.following(channel, position)
            if not following.complete:
                before_first = following.entries[0][0] - 1
                self._positions[channel] = before_first
                self._hub.publish_gap(channel, position + 1, before_first)

    async def _check_lag(self, entries: Iterable[tuple[str, int, bytes]]) -> None:
        """Announce what was dropped before the first of `entries`, unless the last entry read is still there."""
        firsts: dict[str, int] = {}
        for channel, seq, _ in entries:
            firsts.setdefault(channel, seq)
        for channel, first in firsts.items():
            position = self._positions[channel]
            if first > position + 1 and not await self._reader.has_all_after(channel, position):
                self._positions[channel] = first - 1
                self._hub.publish_gap(channel, position + 1, first - 1)

    async def _follow(self) -> None:
        """Read until Redis is lost or the epoch changes."""
        checked_s = self._steady_s()
        while True:
            entries = await self._reader.next(self._positions, BLOCK_MS)
            if len(entries) >= LAGGING_ENTRIES:
                await self._check_lag(entries)
            # In chunks, so that clients that keep up are served before the ring moves on.
            chunk = max(1, min(CHUNK, self._hub.settings.ring_messages // 4))
            for start in range(0, len(entries), chunk):
                messages = self._messages(entries[start : start + chunk])
                self._count(messages)
                self._hub.publish(messages)
                await asyncio.sleep(0)
            for channel, seq, payload in entries:
                self._positions[channel] = seq
                if self._hot_lists is not None:
                    self._hot_lists.apply(channel, payload)
            if self._steady_s() - checked_s >= BLOCK_MS / 1000:
                checked_s = self._steady_s()
                if await self._reader.epoch() != self._hub.epoch:
                    return

    def _messages(self, entries: Iterable[tuple[str, int, bytes]]) -> list[Message]:
        """The entries as messages, without those that cannot be decoded."""
        at = to_datetime(self._now_ns())
        messages = []
        for channel, seq, payload in entries:
            try:
                messages.append(message_of(channel, seq, payload, at))
            except ValueError as problem:
                self._metrics.feed_refused.labels(channel).inc()
                if channel not in self._refused:
                    self._refused.add(channel)
                    log.warning("feed_entry_refused channel=%s seq=%d error=%s", channel, seq, problem)
        return messages

    def _count(self, messages: Iterable[Message]) -> None:
        for message in messages:
            self._metrics.feed_messages.labels(message.channel).inc()
            if isinstance(message.attributes, SignalAttributes):
                self._metrics.count_signal(message.attributes)

    def _set_connected(self, *, connected: bool) -> None:
        self.connected = connected
        self.attempted.set()
        if self._hot_lists is not None:
            self._hot_lists.set_subscribed(subscribed=connected)
        self._metrics.feed_connected.set(connected)
