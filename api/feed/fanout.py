"""Fan-out: writes the messages of the ring to all clients, with as little work as possible for each.

Clients that are up to date are grouped into cohorts, which share one position in the ring, and each cohort is written
to at once. A client that is blocked, or has messages of its own to catch up on, is detached with its own position, and
attached again when it has caught up.

Messages that arrive before the event loop has passed the last write on to the sockets wait, and go out together. So
batches grow with the load by themselves, and an idle server sends at once.
"""

import asyncio
import heapq
from collections.abc import Callable, Sequence
from datetime import datetime
from itertools import count

from api.feed.client import Client
from api.feed.cohort import Cohort, Key, key_of
from api.feed.lane import BATCH_BYTES, Lane
from api.feed.messages import CLOSE_SLOW, Gap
from api.feed.ring import Message, Ring


class Fanout:
    """Schedules what is written to which client.

    Parameters
    ----------
    ring
        The messages.
    steady_s
        Reads a monotonic clock, in seconds.
    send_gap, close
        Announce a gap to a client; close its connection with a code and a reason.
    count_sent
        Called with the number of messages written, summed over clients.
    """

    def __init__(
        self,
        ring: Ring,
        steady_s: Callable[[], float],
        *,
        send_gap: Callable[[Client, Gap], None],
        close: Callable[[Client, int, str], None],
        count_sent: Callable[[int], None],
    ) -> None:
        self.cohorts: dict[Key, Cohort] = {}
        self._ring = ring
        self._steady_s = steady_s
        self._send_gap = send_gap
        self._close = close
        self._count_sent = count_sent
        self._individual: dict[Client, None] = {}  # recovering, or ahead of the cohorts; in order of arrival
        self._paced: dict[Client, None] = {}
        self._due: list[tuple[float, int, Client, Lane]] = []  # a heap; the integer breaks ties
        self._tie = count()
        self._timer: asyncio.TimerHandle | None = None
        self._is_flushing = False
        self._position = ring.head  # what all cohorts have been sent
        self._newest: dict[str, int] = {}
        self._newest_at: dict[str, datetime | None] = {}

    def publish(self, messages: Sequence[Message]) -> None:
        """Send messages to all clients in this order: now, or with the next flush if one is scheduled."""
        for message in messages:
            if self._ring.tail_after(message) > self._position:
                self.flush()  # before the ring drops what the cohorts have not been sent
            self._ring.append(message)
        if not self._is_flushing:
            self._flush_and_repeat()

    def _flush_and_repeat(self) -> None:
        """Flush, and again in the next turn of the event loop if more has arrived by then."""
        self._is_flushing = self._position < self._ring.head
        if self._is_flushing:
            asyncio.get_running_loop().call_soon(self._flush_and_repeat)
            self.flush()

    def flush(self) -> None:
        """Write everything up to the head of the ring."""
        ring = self._ring
        while self._position < ring.head:
            messages = self._next_messages()
            individual = list(self._individual)
            now_s = self._steady_s()
            for cohort in list(self.cohorts.values()):
                batch = cohort.batch(messages, ring.epoch)
                if batch.messages:
                    self._count_sent(batch.messages * len(cohort.members))
                    cohort.write(batch, now_s)
            for client in individual:
                self.attach(client)
            for client in list(self._paced):
                self._write_paced(client)

    def _next_messages(self) -> list[Message]:
        """The messages of the next write; advances the position past them."""
        messages, bytes_left = [], BATCH_BYTES
        while self._position < self._ring.head and bytes_left > 0:
            message = self._ring[self._position]
            self._position += 1
            messages.append(message)
            bytes_left -= len(message.body)
            self._newest[message.channel] = message.seq
            if message.attributes is not None:
                self._newest_at[message.channel] = message.attributes.detected_at
        return messages

    def skip_to_head(self) -> None:
        """Move the position of the cohorts to the head of the ring; no client may be attached."""
        self._position = self._ring.head
        self._newest = dict(self._ring.newest)
        self._newest_at = {
            name: newest.detected_at for name in self._newest if (newest := self._ring.newest_attributes(name))
        }

    def attach(self, client: Client) -> None:
        """Write what a client lacks; if it is then up to date, add it to the cohort of its kind."""
        lane = client.lane
        while client.is_writable:
            if not self._send_gaps(client, lane):
                return
            batch = lane.read(self._position, client.sink.wire_format)
            if batch.messages:
                self._count_sent(batch.messages)
                client.sink.write(batch.data)
            elif lane.position >= self._position:
                break
        self._individual.pop(client, None)
        if not client.is_writable:
            return
        if lane.recovering or self._is_ahead(lane):
            self._individual[client] = None
        elif client.cohort is None:
            key = key_of(client)
            cohort = self.cohorts.get(key) or self.cohorts.setdefault(key, Cohort(key, self._steady_s()))
            cohort.members[client] = client.sink.write
            client.cohort = cohort
        if client.paced:
            self._paced[client] = None
            self._write_paced(client)

    def _is_ahead(self, lane: Lane) -> bool:
        """Whether it received, from Redis or another server, what the cohorts were not sent yet and would repeat."""
        return any(one.seen > self._newest.get(name, 0) for name, one in lane.subscriptions.items())

    def detach(self, client: Client) -> None:
        """Remove a client from its cohort; it keeps the position that it has reached."""
        self._individual.pop(client, None)
        self._paced.pop(client, None)
        cohort, client.cohort = client.cohort, None
        if cohort is None:
            return
        del cohort.members[client]
        if not cohort.members:
            del self.cohorts[cohort.key]
        client.lane.position = self._position
        for name, subscription in client.lane.subscriptions.items():
            subscription.seen = max(subscription.seen, self._newest.get(name, 0))
            subscription.seen_at = self._newest_at.get(name, subscription.seen_at)

    def is_caught_up(self, client: Client) -> bool:
        """Whether the paced lanes of a client hold nothing back."""
        return all(lane.position >= self._position for lane in client.paced)

    def _send_gaps(self, client: Client, lane: Lane) -> bool:
        """Announce what the ring dropped, or close a client of mode `disconnect`; return whether it is writable."""
        for gap in lane.collect_gaps():
            if lane.subscriptions[gap.channel].mode == "disconnect":
                self._close(client, CLOSE_SLOW, "messages were missed; reconnect and resume")
            else:
                self._send_gap(client, gap)
        return client.is_writable

    def _write_paced(self, client: Client) -> None:
        now_s = self._steady_s()
        for lane in client.paced:
            if lane.due_s <= now_s:
                self._write_lane(client, lane, now_s)
            else:
                self._schedule(client, lane)

    def _write_lane(self, client: Client, lane: Lane, now_s: float) -> None:
        """Write to a client what one of its paced lanes lacks."""
        while client.is_writable and self._send_gaps(client, lane):
            batch = lane.read(self._position, client.sink.wire_format)
            if batch.messages:
                lane.due_s = now_s + lane.interval_s
                self._count_sent(batch.messages)
                client.sink.write(batch.data)
            elif lane.position >= self._position:
                return

    def _schedule(self, client: Client, lane: Lane) -> None:
        """Write a lane when it is due; one timer serves all lanes."""
        if lane.is_scheduled or lane.position >= self._position:
            return
        lane.is_scheduled = True
        heapq.heappush(self._due, (lane.due_s, next(self._tie), client, lane))
        if self._due[0][3] is lane:
            self._set_timer()

    def _set_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        delay_s = max(0.0, self._due[0][0] - self._steady_s())
        self._timer = asyncio.get_running_loop().call_later(delay_s, self._on_timer)

    def _on_timer(self) -> None:
        self._timer = None
        now_s = self._steady_s()
        while self._due and self._due[0][0] <= now_s:
            _, _, client, lane = heapq.heappop(self._due)
            lane.is_scheduled = False
            if client in self._paced and lane in client.paced:
                self._write_lane(client, lane, now_s)
        if self._due:
            self._set_timer()
