"""Service: scribe and courier together, through every outage, until told to stop."""

import logging
from collections.abc import Callable, Mapping
from contextlib import suppress
from random import Random
from threading import Event

from domain.clock import to_datetime
from domain.errors import ServiceError
from flows.alerts.courier import Courier
from flows.alerts.metrics import AlertMetrics
from flows.alerts.notices import Notices
from flows.alerts.scribe import Scribe
from flows.alerts.settings import AlertSettings, Target
from store import redis_server, status, webhooks
from store.postgres import Connection, connect
from store.redis_server import Client

log = logging.getLogger(__name__)

METRICS = "metrics:alerts"
"""Where the metrics are put for the API to show."""
IDLE_MS, BUSY_MS = 500, 10
"""How long the feed is waited for while nobody is out, and while somebody is."""
TIDY_S = 60.0
METRICS_S, METRICS_TTL_S = 5.0, 20.0
PAUSE_S = 2.0
"""Until a service that is away is tried again, and until the lock is."""


class Service:
    """Tells hooks what they want to hear of.

    Any number of these may run; one works, and another takes over when its connection to Postgres ends.

    Parameters
    ----------
    targets
        Hook to its address and secrets.
    now_ns, steady_s
        Read the time of day, in nanoseconds UTC, and a clock that only goes forward, in seconds.
    random
        Spreads attempts.
    stopping
        Ends it.
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
        self._courier = Courier(
            settings, targets, self._notices, self._metrics, now_ns=now_ns, steady_s=steady_s, random=random
        )
        self._away = False

    def run(self, database_url: str, redis_url: str) -> None:
        """Tell until `stopping` is set."""
        with self._courier:
            while not self._stopping.is_set():
                try:
                    with connect(database_url) as connection, redis_server.connect(redis_url) as client:
                        if webhooks.take_turn(connection):
                            log.info("telling hooks=%d", len(self._settings.hooks))
                            self._tell(connection, client)
                        else:
                            self._stopping.wait(PAUSE_S)
                except ServiceError as problem:
                    self._lose(problem)

    def _tell(self, connection: Connection, client: Client) -> None:
        scribe: Scribe | None = None
        woken = True
        tidy_due_s = metrics_due_s = 0.0
        while not self._stopping.is_set():
            self._courier.step(connection, woken=woken)
            try:
                if scribe is None:
                    scribe = Scribe(connection, client, self._settings, self._notices, self._metrics, self._now_ns)
                woken = scribe.step(BUSY_MS if self._courier.is_busy else IDLE_MS)
                self._away = False
            except ServiceError as problem:
                if connection.closed:
                    raise
                # Without Redis nothing new is heard; what waits is told all the same.
                scribe = None
                self._lose(problem)
            now_s = self._steady_s()
            if now_s >= tidy_due_s:
                tidy_due_s = now_s + TIDY_S
                self._courier.tidy(connection)
            if now_s >= metrics_due_s and scribe is not None:
                metrics_due_s = now_s + METRICS_S
                text = self._metrics.text(webhooks.waiting(connection), to_datetime(self._now_ns()))
                with suppress(ServiceError):
                    status.set_text(client, METRICS, text, METRICS_TTL_S)
        self._courier.finish(connection)

    def _lose(self, problem: ServiceError) -> None:
        """Say once that a service is away, and wait a little."""
        if not self._away:
            log.warning("service_lost error=%s", problem)
        self._away = True
        self._stopping.wait(PAUSE_S)
