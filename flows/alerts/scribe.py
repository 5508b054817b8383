"""Scribe: reads the feed and writes down what is to be told to whom; what the feed has lost is read from the ledger."""

import logging
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from domain.clock import to_datetime
from flows.alerts import letters, lost
from flows.alerts.letters import Message
from flows.alerts.metrics import AlertMetrics
from flows.alerts.notices import Notices
from flows.alerts.settings import AlertSettings
from store import feed, webhooks
from store.postgres import Connection
from store.redis_server import Client
from store.webhooks import Position

log = logging.getLogger(__name__)


class _Backlog(NamedTuple):
    """What waited in the feed when the scribe began: up to which number, and before when it is too old."""

    seq: int
    old_before: datetime


class Scribe:
    """Goes on where the one before it ended; the very first begins with what comes from now on.

    Of what waits when it begins, all that is older than `give_up_s` before the newest is passed over, and it is said
    that it is: nobody is helped by a flood of what was true yesterday.

    Parameters
    ----------
    connection, client
        Postgres and Redis.
    notices
        Where it is said that something was passed over.
    now_ns
        Reads the time of day, in nanoseconds UTC.

    Raises
    ------
    ServiceError
        If Postgres or Redis cannot be reached, in all that it does.
    """

    def __init__(
        self,
        connection: Connection,
        client: Client,
        settings: AlertSettings,
        notices: Notices,
        metrics: AlertMetrics,
        now_ns: Callable[[], int],
    ) -> None:
        self._connection = connection
        self._client = client
        self._settings = settings
        self._notices = notices
        self._metrics = metrics
        self._now_ns = now_ns
        self._give_up = timedelta(seconds=settings.give_up_s)
        self._backlogs: dict[str, _Backlog] = {}
        self._positions: dict[str, Position] = {}
        self._skipped: Counter[str] = Counter()
        self._begin()

    def step(self, wait_ms: int) -> bool:
        """Read what is new, waiting for it so long at most, and write it down; whether there was any."""
        seqs = {channel: position.seq for channel, position in self._positions.items()}
        entries = feed.follow(self._client, seqs, block_ms=wait_ms)
        # A new epoch is there before anything is announced in it.
        self._look_at_epoch(feed.epoch_of(self._client))
        messages, seen = [], dict(self._positions)
        for channel, seq, payload in entries:
            message = letters.read(channel, seq, payload)
            seen[channel] = _moved(seen[channel], message)._replace(seq=seq)
            if message is None:
                log.warning("entry_refused channel=%s seq=%d", channel, seq)
            elif self._is_old(message):
                self._skipped[channel] += 1
            else:
                messages.append(message)
        if entries:
            self._write(messages, seen)
        else:
            self._say_skipped()
        return bool(entries)

    def _begin(self) -> None:
        channels = sorted({channel for hook in self._settings.hooks for channel in hook.channels})
        webhooks.leave(self._connection, channels)
        known = webhooks.positions(self._connection)
        epoch = feed.epoch_of(self._client)
        moved_on = []
        for channel in channels:
            (oldest, _), newest = feed.ends(self._client, channel), feed.last(self._client, channel)
            seq, message = (0, None) if newest is None else (newest[0], letters.read(channel, *newest))
            position = known.get(channel, Position(seq, None, epoch))
            self._positions[channel] = position if position.epoch else position._replace(epoch=epoch)
            if message is not None and message.at is not None:
                self._backlogs[channel] = _Backlog(seq, min(message.at, self._now()) - self._give_up)
            # Streams forget from the oldest on, so as long as the last one read is there, all that follow it are.
            if position.seq and not 0 < oldest <= position.seq:
                moved_on.append(channel)
        self._write([], self._positions)
        self._recover(moved_on)
        self._look_at_epoch(epoch)

    def _look_at_epoch(self, epoch: str) -> None:
        self._recover([channel for channel, position in self._positions.items() if position.epoch != epoch], epoch)

    def _recover(self, channels: Iterable[str], epoch: str | None = None) -> None:
        """Make up from the ledger for what the feed may have lost; what was told before is known by its id."""
        for channel in channels:
            position = self._positions[channel]
            messages, skipped = lost.read(
                self._connection,
                channel,
                position.at,
                now=self._now(),
                give_up=self._give_up,
                most=self._settings.waiting_max,
            )
            position = _moved(position, messages[-1] if messages else None)
            count = self._write(messages, {channel: position._replace(epoch=epoch or position.epoch)})
            self._skipped[channel] += skipped
            self._metrics.recovered(channel, count)
            log.warning("feed_lost channel=%s recovered=%d skipped=%d", channel, count, skipped)

    def _write(self, messages: Sequence[Message], seen: dict[str, Position]) -> int:
        deliveries = letters.deliveries(self._settings.hooks, messages, self._now())
        count = webhooks.write(self._connection, deliveries, seen)
        self._positions |= seen
        return count

    def _is_old(self, message: Message) -> bool:
        backlog = self._backlogs.get(message.channel)
        if backlog is None or message.seq > backlog.seq:
            return False
        return message.at is not None and message.at < backlog.old_before

    def _say_skipped(self) -> None:
        """Say what was passed over, once all that waited was read."""
        for channel, count in (+self._skipped).items():
            text = (
                f"Hooks were not told of {count} messages of {channel} that came while nobody was here to tell them: "
                f"older than {self._settings.give_up_s:g} s, or too many. The ledger has them."
            )
            self._notices.say(self._connection, "messages_skipped", channel, text, float(count), self._now())
            self._metrics.skipped(channel, count)
            log.warning("messages_skipped channel=%s count=%d", channel, count)
        self._skipped.clear()

    def _now(self) -> datetime:
        return to_datetime(self._now_ns())


def _moved(position: Position, message: Message | None) -> Position:
    """The position behind a message."""
    if message is None or message.at is None:
        return position
    return position._replace(at=message.at if position.at is None else max(position.at, message.at))
