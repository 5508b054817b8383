"""Feed consumer: reads the feed and writes deliveries; what the feed has lost is recovered from the database."""

import logging
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from domain.clock import to_datetime
from flows.alerts import messages
from flows.alerts.messages import Message
from flows.alerts.metrics import AlertMetrics
from flows.alerts.notices import Notices
from flows.alerts.recovery import recover
from flows.alerts.settings import AlertSettings
from store import feed, webhooks
from store.postgres import Connection
from store.redis_server import Client
from store.webhooks import Position

log = logging.getLogger(__name__)


class _Backlog(NamedTuple):
    """Entries of a channel that were published before the consumer started: the last of them, and which are too old."""

    last_seq: int
    expired_before: datetime


class FeedConsumer:
    """Resumes at the position of its predecessor; the very first starts at the end of the feed.

    Messages of the backlog that are more than `give_up_s` older than the newest one are skipped, since they are of no
    use any more; a notice reports how many.

    Parameters
    ----------
    connection, client
        Postgres and Redis.
    notices
        Publishes how many messages were skipped.
    now_ns
        Reads the time of day, in nanoseconds UTC.

    Raises
    ------
    ServiceError
        By the constructor and every method, if Postgres or Redis cannot be reached.
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
        self._start()

    def step(self, block_ms: int) -> bool:
        """Read new entries, waiting `block_ms` for them at most, and write their deliveries; whether there were any."""
        seqs = {channel: position.seq for channel, position in self._positions.items()}
        entries = feed.read_blocking(self._client, seqs, block_ms=block_ms)
        # Only now: a new epoch is set before anything is published in it.
        self._check_epoch(feed.epoch_blocking(self._client))
        accepted, positions = [], dict(self._positions)
        for channel, seq, payload in entries:
            message = messages.parse(channel, seq, payload)
            positions[channel] = _advanced(positions[channel], message)._replace(seq=seq)
            if message is None:
                log.warning("feed_entry_invalid channel=%s seq=%d", channel, seq)
            elif self._is_expired(message):
                self._skipped[channel] += 1
            else:
                accepted.append(message)
        if entries:
            self._write(accepted, positions)
        else:
            self._report_skipped()
        return bool(entries)

    def _start(self) -> None:
        channels = sorted({channel for hook in self._settings.hooks for channel in hook.channels})
        webhooks.delete_other_positions(self._connection, channels)
        stored = webhooks.positions(self._connection)
        epoch = feed.epoch_blocking(self._client)
        trimmed = []
        for channel in channels:
            (oldest, _), newest = feed.ends(self._client, channel), feed.last(self._client, channel)
            seq, message = (0, None) if newest is None else (newest[0], messages.parse(channel, *newest))
            position = stored.get(channel, Position(seq, None, epoch))
            self._positions[channel] = position if position.epoch else position._replace(epoch=epoch)
            if message is not None and message.at is not None:
                self._backlogs[channel] = _Backlog(seq, min(message.at, self._now()) - self._give_up)
            # Streams are trimmed from the oldest entry on: while the last one read is there, so are all after it.
            if position.seq and not 0 < oldest <= position.seq:
                trimmed.append(channel)
        self._write([], self._positions)
        self._recover(trimmed)
        self._check_epoch(epoch)

    def _check_epoch(self, epoch: str) -> None:
        """Recover the channels whose position belongs to another epoch: Redis has lost data since."""
        self._recover([channel for channel, position in self._positions.items() if position.epoch != epoch], epoch)

    def _recover(self, channels: Iterable[str], epoch: str | None = None) -> None:
        """Write deliveries of messages that the feed may have lost; those that exist are known by their ids."""
        for channel in channels:
            position = self._positions[channel]
            recovered, skipped = recover(
                self._connection,
                channel,
                position.at,
                now=self._now(),
                give_up=self._give_up,
                limit=self._settings.waiting_max,
            )
            position = _advanced(position, recovered[-1] if recovered else None)
            count = self._write(recovered, {channel: position._replace(epoch=epoch or position.epoch)})
            self._skipped[channel] += skipped
            self._metrics.add_recovered(channel, count)
            log.warning("feed_lost channel=%s recovered=%d skipped=%d", channel, count, skipped)

    def _write(self, accepted: Sequence[Message], positions: dict[str, Position]) -> int:
        deliveries = messages.to_deliveries(self._settings.hooks, accepted, self._now())
        count = webhooks.write(self._connection, deliveries, positions)
        self._positions |= positions
        return count

    def _is_expired(self, message: Message) -> bool:
        backlog = self._backlogs.get(message.channel)
        if backlog is None or message.seq > backlog.last_seq:
            return False
        return message.at is not None and message.at < backlog.expired_before

    def _report_skipped(self) -> None:
        """Publish how many messages were skipped, once the backlog was read."""
        for channel, count in (+self._skipped).items():
            text = (
                f"{count} messages of channel {channel} were published while alerts was not running and were not "
                f"delivered: older than {self._settings.give_up_s:g} s, or too many. They are in the database."
            )
            self._notices.publish(self._connection, "messages_skipped", channel, text, float(count), self._now())
            self._metrics.add_skipped(channel, count)
            log.warning("messages_skipped channel=%s count=%d", channel, count)
        self._skipped.clear()

    def _now(self) -> datetime:
        return to_datetime(self._now_ns())


def _advanced(position: Position, message: Message | None) -> Position:
    """The position with the event time of a message that was read, if that is newer."""
    if message is None or message.at is None:
        return position
    return position._replace(at=message.at if position.at is None else max(position.at, message.at))
