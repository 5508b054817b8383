"""Fan-out: from the ring to all clients, with as little as possible done for each.

Clients who are up to date stand at one front and are written to by cohorts. Who is full, or has something
of its own to catch up with, leaves the front with its position, and comes back when it has caught up.

While what was written is still on its way into the sockets, new messages wait; they go out together. So
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
    """Who gets what, when.

    Parameters
    ----------
    ring
        What there is.
    steady_s
        Reads a clock that only goes forward, in seconds.
    announce, close
        Tell a client of a gap; close its connection with a code and a reason.
    sent
        Told how many messages were written, all clients together.
    """

    def __init__(
        self,
        ring: Ring,
        steady_s: Callable[[], float],
        *,
        announce: Callable[[Client, Gap], None],
        close: Callable[[Client, int, str], None],
        sent: Callable[[int], None],
    ) -> None:
        self.cohorts: dict[Key, Cohort] = {}
        self._ring = ring
        self._steady_s = steady_s
        self._announce = announce
        self._close = close
        self._sent = sent
        self._loose: dict[Client, None] = {}
        self._paced: dict[Client, None] = {}
        self._dues: list[tuple[float, int, Client, Lane]] = []
        self._ticket = count()
        self._timer: asyncio.TimerHandle | None = None
        self._passing = False
        self._front = ring.head
        self._newest: dict[str, int] = {}
        self._newest_at: dict[str, datetime | None] = {}

    def publish(self, messages: Sequence[Message]) -> None:
        """Give messages to everybody, in this order: now, or with the next pass if one is under way."""
        for message in messages:
            if self._ring.is_full and self._ring.tail >= self._front:
                self.flush()  # before the ring forgets what the front has not had
            self._ring.append(message)
        if not self._passing:
            self._pass()

    def _pass(self) -> None:
        """Write what there is, and again once that has gone out if more has come."""
        self._passing = self._front < self._ring.head
        if self._passing:
            asyncio.get_running_loop().call_soon(self._pass)
            self.flush()

    def flush(self) -> None:
        """Bring the front to the head of the ring."""
        ring = self._ring
        while self._front < ring.head:
            if self._front < ring.tail:
                self._scatter()
                return
            messages = self._next_messages()
            loose = list(self._loose)
            now_s = self._steady_s()
            for cohort in list(self.cohorts.values()):
                batch = cohort.batch(messages, ring.epoch)
                if batch.messages:
                    self._sent(batch.messages * len(cohort.members))
                    cohort.write(batch, now_s)
            for client in loose:
                self.settle(client)
            for client in list(self._paced):
                self._offer_all(client)

    def _next_messages(self) -> list[Message]:
        """What goes out in one write; the front is then behind it."""
        messages, room = [], BATCH_BYTES
        while self._front < self._ring.head and room > 0:
            message = self._ring[self._front]
            self._front += 1
            messages.append(message)
            room -= len(message.body)
            self._newest[message.channel] = message.seq
            if message.facts is not None:
                self._newest_at[message.channel] = message.facts.detected_at
        return messages

    def _scatter(self) -> None:
        """The ring moved on past the front: everybody catches up alone, and is told what was missed."""
        clients = [client for cohort in self.cohorts.values() for client in cohort.members]
        for client in clients:
            self.unsettle(client)
        self.skip()
        for client in clients:
            self.settle(client)

    def skip(self) -> None:
        """Put the front at the head of the ring; nobody may stand at it."""
        self._front = self._ring.head
        self._newest = dict(self._ring.newest)
        self._newest_at = {name: facts.detected_at for name in self._newest if (facts := self._ring.newest_facts(name))}

    def settle(self, client: Client) -> None:
        """Write to a client what it lacks, and put it to the others if it then lacks nothing."""
        lane = client.lane
        while client.is_open:
            if not self._tell_gaps(client, lane):
                return
            batch = lane.take(self._front, client.sink.form)
            if batch.messages:
                self._sent(batch.messages)
                client.sink.write(batch.data)
            elif lane.position >= self._front:
                break
        self._loose.pop(client, None)
        if not client.is_open:
            return
        if lane.recovering or self._is_ahead(lane):
            self._loose[client] = None
        elif client.cohort is None:
            key = key_of(client)
            cohort = self.cohorts.get(key) or self.cohorts.setdefault(key, Cohort(key, self._steady_s()))
            cohort.members[client] = client.sink.write
            client.cohort = cohort
        if client.paced:
            self._paced[client] = None
            self._offer_all(client)

    def _is_ahead(self, lane: Lane) -> bool:
        """Whether it has had, from Redis or another server, what the front has not; a cohort would repeat that."""
        return any(one.seen > self._newest.get(name, 0) for name, one in lane.subscriptions.items())

    def unsettle(self, client: Client) -> None:
        """Have a client go its own way, from where it stands."""
        self._loose.pop(client, None)
        self._paced.pop(client, None)
        cohort, client.cohort = client.cohort, None
        if cohort is None:
            return
        del cohort.members[client]
        if not cohort.members:
            del self.cohorts[cohort.key]
        client.lane.position = self._front
        for name, subscription in client.lane.subscriptions.items():
            subscription.seen = max(subscription.seen, self._newest.get(name, 0))
            subscription.seen_at = self._newest_at.get(name, subscription.seen_at)

    def is_complete(self, client: Client) -> bool:
        """Whether nothing waits for the pace that a client asked for."""
        return all(lane.position >= self._front for lane in client.paced)

    def _tell_gaps(self, client: Client, lane: Lane) -> bool:
        """Tell what the ring forgot, or close who would rather leave than miss it; whether it takes more."""
        for gap in lane.overtaken():
            if lane.subscriptions[gap.channel].mode == "disconnect":
                self._close(client, CLOSE_SLOW, "messages were missed; resume")
            else:
                self._announce(client, gap)
        return client.is_open

    def _offer_all(self, client: Client) -> None:
        now_s = self._steady_s()
        for lane in client.paced:
            if lane.due_s <= now_s:
                self._offer(client, lane, now_s)
            else:
                self._remember(client, lane)

    def _offer(self, client: Client, lane: Lane, now_s: float) -> None:
        """Write to a client what a lane of it lacks."""
        while client.is_open and self._tell_gaps(client, lane):
            batch = lane.take(self._front, client.sink.form)
            if batch.messages:
                lane.due_s = now_s + lane.interval_s
                self._sent(batch.messages)
                client.sink.write(batch.data)
            elif lane.position >= self._front:
                return

    def _remember(self, client: Client, lane: Lane) -> None:
        """Come back to a lane when it is due; one timer serves all."""
        if lane.timed or lane.position >= self._front:
            return
        lane.timed = True
        heapq.heappush(self._dues, (lane.due_s, next(self._ticket), client, lane))
        if self._dues[0][3] is lane:
            self._wait()

    def _wait(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        wait_s = max(0.0, self._dues[0][0] - self._steady_s())
        self._timer = asyncio.get_running_loop().call_later(wait_s, self._come_back)

    def _come_back(self) -> None:
        self._timer = None
        now_s = self._steady_s()
        while self._dues and self._dues[0][0] <= now_s:
            _, _, client, lane = heapq.heappop(self._dues)
            lane.timed = False
            if client in self._paced and lane in client.paced:
                self._offer(client, lane, now_s)
        if self._dues:
            self._wait()
