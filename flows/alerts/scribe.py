"""Scribe: reads the feed and writes down what is to be told to whom."""

import logging
from collections.abc import Callable, Sequence
from hashlib import blake2b
from typing import Any

import msgspec

from domain.clock import to_datetime
from flows.alerts.settings import Hook
from flows.alerts.texts import body_of
from flows.alerts.wanted import is_wanted
from store import feed, webhooks
from store.postgres import Connection
from store.redis_server import Client
from store.webhooks import Delivery

log = logging.getLogger(__name__)

_decoder = msgspec.json.Decoder(dict[str, Any])


class Scribe:
    """Goes on where the one before it ended; the very first begins with what comes from now on.

    Parameters
    ----------
    connection, client
        Postgres and Redis.
    hooks
        Who may want to hear of a message.
    now_ns
        Reads the time of day, in nanoseconds UTC.

    Raises
    ------
    ServiceError
        If Postgres or Redis cannot be reached, in all that it does.
    """

    def __init__(
        self, connection: Connection, client: Client, hooks: Sequence[Hook], now_ns: Callable[[], int]
    ) -> None:
        self._connection = connection
        self._client = client
        self._hooks = hooks
        self._now_ns = now_ns
        self._positions = self._begin()

    def step(self, wait_ms: int) -> int:
        """Read what is new, waiting for it so long at most; how many deliveries came of it."""
        entries = feed.follow(self._client, self._positions, block_ms=wait_ms)
        if not entries:
            return 0
        deliveries = [delivery for entry in entries for delivery in self._deliveries(*entry)]
        seen = {channel: seq for channel, seq, _ in entries}
        fresh = webhooks.write(self._connection, deliveries, seen)
        self._positions |= seen
        return fresh

    def _begin(self) -> dict[str, int]:
        """Where to go on. What the feed no longer has cannot be told any more, but it is said that it is so."""
        known = webhooks.positions(self._connection)
        positions: dict[str, int] = {}
        for channel in sorted({channel for hook in self._hooks for channel in hook.channels}):
            oldest, newest = feed.ends(self._client, channel)
            positions[channel] = known.get(channel, newest)
            if channel in known and oldest > known[channel] + 1:
                log.warning("feed_moved_on channel=%s seen=%d oldest=%d", channel, known[channel], oldest)
        webhooks.write(self._connection, [], positions)
        return positions

    def _deliveries(self, channel: str, seq: int, payload: bytes) -> list[Delivery]:
        try:
            said = _decoder.decode(payload)
        except msgspec.DecodeError:
            log.warning("entry_refused channel=%s seq=%d", channel, seq)
            return []
        now = to_datetime(self._now_ns())
        return [
            Delivery(
                id=_id(hook.name, channel, seq, payload),
                hook=hook.name,
                channel=channel,
                seq=seq,
                body=body_of(hook, channel, seq, said, payload).decode(),
                created_at=now,
            )
            for hook in self._hooks
            if is_wanted(hook, channel, said)
        ]


def _id(hook: str, channel: str, seq: int, payload: bytes) -> str:
    """The same whenever the message is read; another in another database, where seqs begin anew."""
    digest = blake2b(f"{hook}\n{channel}\n{seq}\n".encode() + payload, digest_size=16)
    return f"msg_{digest.hexdigest()}"
