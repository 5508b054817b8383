"""Service: scribe and courier together, through every outage, until told to stop."""

import logging
from collections.abc import Callable, Mapping
from random import Random
from threading import Event

from domain.errors import ServiceError
from flows.alerts.courier import Courier
from flows.alerts.scribe import Scribe
from flows.alerts.settings import AlertSettings, Target
from store import redis_server, webhooks
from store.postgres import connect

log = logging.getLogger(__name__)

IDLE_MS, BUSY_MS = 500, 10
"""How long the feed is waited for while nobody is out, and while somebody is."""
TIDY_S = 60.0
PAUSE_S = 2.0
"""Until a service that is away is tried again, and until the lock is."""


def run(
    settings: AlertSettings,
    targets: Mapping[str, Target],
    *,
    database_url: str,
    redis_url: str,
    now_ns: Callable[[], int],
    steady_s: Callable[[], float],
    random: Random,
    stopping: Event,
) -> None:
    """Tell hooks what they want to hear of, until `stopping` is set.

    Any number of these may run; one works, and another takes over when its connection to Postgres ends.

    Parameters
    ----------
    targets
        Hook to its address and secret.
    now_ns, steady_s
        Read the time of day, in nanoseconds UTC, and a clock that only goes forward, in seconds.
    random
        Spreads attempts.
    """
    away = False
    while not stopping.is_set():
        try:
            with connect(database_url) as connection, redis_server.connect(redis_url) as client:
                if not webhooks.take_turn(connection):
                    stopping.wait(PAUSE_S)
                    continue
                scribe = Scribe(connection, client, settings.hooks, now_ns)
                log.info("telling hooks=%d", len(settings.hooks))
                away, tidy_due_s = False, 0.0
                with Courier(settings, targets, connection, now_ns, random) as courier:
                    while not stopping.is_set():
                        courier.step()
                        scribe.step(BUSY_MS if courier.is_busy else IDLE_MS)
                        if steady_s() >= tidy_due_s:
                            tidy_due_s = steady_s() + TIDY_S
                            courier.tidy()
        except ServiceError as problem:
            if not away:
                log.warning("service_lost error=%s", problem)
            away = True
            stopping.wait(PAUSE_S)
