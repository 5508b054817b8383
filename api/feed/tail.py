"""Tail: the one reader of the feed in this process, from Redis to the hub, through every outage.

It reads streams and not pub/sub, so what happens while Redis or this process is away is read later.
What cannot be had any more is announced to the clients.
"""

import asyncio
import logging
from collections.abc import Callable, Iterable

from api.feed.hub import Hub
from api.feed.push import SignalFacts, message_of
from api.feed.reader import FeedReader
from api.feed.ring import Message
from api.memory.hot_lists import HotLists
from api.metrics import Metrics
from domain.clock import to_datetime
from domain.errors import ServiceError
from store.feed import CHANNELS

SUSPICIOUS = 50
"""Entries of one read from which on we lag, so that a stream may have forgotten some before we came."""

log = logging.getLogger(__name__)

BLOCK_MS = 1_000
"""How long one read waits; also how often the epoch is looked at."""
PAUSE_S_FIRST, PAUSE_S_LONGEST = 0.05, 5.0
"""Pauses between attempts to reach Redis; each is twice the one before."""
PART = 256
"""Messages that are encoded at a stretch, a few milliseconds' worth."""


class Tail:
    """Follows the feed until it is cancelled.

    Parameters
    ----------
    hot
        Lists that are told of every entry as well.

    Attributes
    ----------
    connected
        The last read succeeded.
    """

    def __init__(
        self,
        reader: FeedReader,
        hub: Hub,
        metrics: Metrics,
        *,
        now_ns: Callable[[], int],
        steady_s: Callable[[], float],
        hot: HotLists | None = None,
    ) -> None:
        self.connected = False
        self._reader = reader
        self._hub = hub
        self._metrics = metrics
        self._hot = hot
        self._now_ns = now_ns
        self._steady_s = steady_s
        self._positions: dict[str, int] = {}
        self._refused: set[str] = set()  # channels whose first bad entry was logged; the rest is counted

    async def run(self) -> None:
        """Follow, and come back after every outage."""
        pause_s = PAUSE_S_FIRST
        while True:
            try:
                await self._begin()
                self._set_connected(connected=True)
                pause_s = PAUSE_S_FIRST
                await self._follow()
            except ServiceError as problem:
                if self.connected or pause_s == PAUSE_S_FIRST:
                    log.warning("feed_lost error=%s", problem)
                self._set_connected(connected=False)
                await asyncio.sleep(pause_s)
                pause_s = min(2 * pause_s, PAUSE_S_LONGEST)

    async def _begin(self) -> None:
        """Take up where we were, or near the newest if there is no such place."""
        epoch = await self._reader.epoch()
        if self._hub.epoch is None:
            await self._fill(epoch)
        elif self._hub.epoch != epoch:
            await self._begin_anew(epoch)
        else:
            await self._check_for_loss()

    async def _fill(self, epoch: str) -> None:
        """Give the ring what came before us, for clients that return after a restart of this process."""
        each = max(1, self._hub.settings.ring_messages // len(CHANNELS))
        last = {channel: await self._reader.last(channel, each) for channel in CHANNELS}
        floors = {channel: entries[0][0] - 1 if entries else 0 for channel, entries in last.items()}
        # Seqs are given out by one counter, so they also tell the order between channels.
        backlog = sorted((seq, channel, payload) for channel, entries in last.items() for seq, payload in entries)
        self._positions = {channel: entries[-1][0] if entries else 0 for channel, entries in last.items()}
        messages = self._messages((channel, seq, payload) for seq, channel, payload in backlog)
        self._hub.begin_epoch(epoch, floors, messages)

    async def _begin_anew(self, epoch: str) -> None:
        """After Redis lost data: go on with what is new.

        Seqs go on from where the ledger is, so all above our position is new. If even the newest is below
        it, Redis came back with a part of what we have read, and that is not told twice.
        """
        log.warning("epoch_changed from=%s to=%s", self._hub.epoch, epoch)
        newest = {channel: await self._reader.newest(channel) for channel in CHANNELS}
        self._positions = {channel: min(seq, newest[channel]) for channel, seq in self._positions.items()}
        self._hub.begin_epoch(epoch, self._positions)

    async def _check_for_loss(self) -> None:
        """After an outage: announce what the streams forgot before we could read it."""
        for channel, position in self._positions.items():
            following = await self._reader.following(channel, position)
            if not following.complete:
                before_first = following.entries[0][0] - 1
                self._positions[channel] = before_first
                self._hub.lose(channel, position + 1, before_first)

    async def _check_lag(self, entries: Iterable[tuple[str, int, bytes]]) -> None:
        """Announce what lies before the first of `entries`, unless what we had last is still there."""
        firsts: dict[str, int] = {}
        for channel, seq, _ in entries:
            firsts.setdefault(channel, seq)
        for channel, first in firsts.items():
            position = self._positions[channel]
            if first > position + 1 and not await self._reader.keeps(channel, position):
                self._positions[channel] = first - 1
                self._hub.lose(channel, position + 1, first - 1)

    async def _follow(self) -> None:
        """Read until Redis is lost or the epoch is another."""
        looked_s = self._steady_s()
        while True:
            entries = await self._reader.next(self._positions, BLOCK_MS)
            if len(entries) >= SUSPICIOUS:
                await self._check_lag(entries)
            # In parts, so that clients who keep up are served before the ring moves on.
            part = max(1, min(PART, self._hub.settings.ring_messages // 4))
            for start in range(0, len(entries), part):
                messages = self._messages(entries[start : start + part])
                self._count(messages)
                self._hub.publish(messages)
                await asyncio.sleep(0)
            for channel, seq, payload in entries:
                self._positions[channel] = seq
                if self._hot is not None:
                    self._hot.take(channel, payload)
            if self._steady_s() - looked_s >= BLOCK_MS / 1000:
                looked_s = self._steady_s()
                if await self._reader.epoch() != self._hub.epoch:
                    return

    def _messages(self, entries: Iterable[tuple[str, int, bytes]]) -> list[Message]:
        """The entries as messages, without those that cannot be read."""
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
            if isinstance(message.facts, SignalFacts):
                self._metrics.count_signal(message.facts)

    def _set_connected(self, *, connected: bool) -> None:
        self.connected = connected
        if self._hot is not None:
            self._hot.follow(followed=connected)
        self._metrics.feed_connected.set(connected)
