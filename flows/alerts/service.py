"""Service: runs the feed consumer and the dispatcher until it is stopped, through outages of Postgres and Redis."""

import logging
from collections.abc import Callable, Mapping
from contextlib import suppress
from random import Random
from threading import Event

from domain.clock import to_datetime
from domain.errors import ServiceError
from flows.alerts.dispatcher import Dispatcher
from flows.alerts.feed_consumer import FeedConsumer
from flows.alerts.metrics import AlertMetrics
from flows.alerts.notices import Notices
from flows.alerts.settings import AlertSettings, Target
from store import redis_server, status, webhooks
from store.postgres import Connection, connect
from store.redis_server import Client

log = logging.getLogger(__name__)

METRICS_KEY = "metrics:alerts"
"""Redis key under which the API finds the metrics."""
IDLE_MS, BUSY_MS = 500, 10
"""How long a read of the feed blocks while no request is running, and while one is."""
CLEAN_UP_S = 60.0
METRICS_S, METRICS_TTL_S = 5.0, 20.0
RETRY_S = 2.0
"""Pause before a service that cannot be reached, or a lock that another process holds, is tried again."""


class Service:
    """Delivers messages of the feed to hooks.

    Several processes may run at the same time: one is active, and another takes over when the connection of the active
    one to Postgres ends.

    Parameters
    ----------
    targets
        Hook to its URL and signing keys.
    now_ns, steady_s
        Read the time of day, in nanoseconds UTC, and a monotonic clock, in seconds.
    random
        Source of the jitter of retries.
    stopping
        Stops the service when it is set.
    """

    def __init__(
        self,
        settings: AlertSettings,
        targets: Mapping[str, Target],
        *,
        now_ns: Callable[[], int],
        steady_s: Callable[[], float],
        random: Random,
        stopping: Event,
    ) -> None:
        self._settings = settings
        self._now_ns = now_ns
        self._steady_s = steady_s
        self._stopping = stopping
        self._notices = Notices(settings.hooks)
        channels = {channel for hook in settings.hooks for channel in hook.channels}
        self._metrics = AlertMetrics(targets, channels)
        self._dispatcher = Dispatcher(
            settings, targets, self._notices, self._metrics, now_ns=now_ns, steady_s=steady_s, random=random
        )
        self._outage_logged = False

    def run(self, database_url: str, redis_url: str) -> None:
        """Run until `stopping` is set."""
        with self._dispatcher:
            while not self._stopping.is_set():
                try:
                    with connect(database_url) as connection, redis_server.connect(redis_url) as client:
                        if webhooks.try_lock(connection):
                            log.info("alerts_active hooks=%d", len(self._settings.hooks))
                            self._run_active(connection, client)
                        else:
                            self._stopping.wait(RETRY_S)
                except ServiceError as problem:
                    self._wait_out(problem)

    def _run_active(self, connection: Connection, client: Client) -> None:
        consumer: FeedConsumer | None = None
        has_new = True
        clean_up_due_s = metrics_due_s = 0.0
        while not self._stopping.is_set():
            self._dispatcher.step(connection, has_new=has_new)
            try:
                if consumer is None:
                    consumer = FeedConsumer(
                        connection, client, self._settings, self._notices, self._metrics, self._now_ns
                    )
                has_new = consumer.step(BUSY_MS if self._dispatcher.is_busy else IDLE_MS)
                self._outage_logged = False
            except ServiceError as problem:
                if connection.closed:
                    raise
                # Without Redis there are no new messages, but waiting deliveries are still sent.
                consumer = None
                self._wait_out(problem)
            now_s = self._steady_s()
            if now_s >= clean_up_due_s:
                clean_up_due_s = now_s + CLEAN_UP_S
                self._dispatcher.clean_up(connection)
            if now_s >= metrics_due_s and consumer is not None:
                metrics_due_s = now_s + METRICS_S
                text = self._metrics.render(webhooks.waiting_counts(connection), to_datetime(self._now_ns()))
                with suppress(ServiceError):
                    status.set_text(client, METRICS_KEY, text, METRICS_TTL_S)
        self._dispatcher.finish(connection)

    def _wait_out(self, problem: ServiceError) -> None:
        """Log an outage, once while it lasts, and pause before the next attempt."""
        if not self._outage_logged:
            log.warning("service_lost error=%s", problem)
        self._outage_logged = True
        self._stopping.wait(RETRY_S)
