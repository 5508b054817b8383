"""Courier: carries deliveries out, one at a time for each hook, so that a slow receiver holds up itself alone.

A delivery that fails is tried again, later and later, while others of its hook go on; so receivers get each at
least once, but not always in order. Who answers 410 is told nothing more until the next start.
"""

import logging
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import timedelta
from random import Random
from types import TracebackType
from typing import Final, Self

from domain.clock import to_datetime
from flows.alerts import signature
from flows.alerts.breaker import Breaker, wait_s
from flows.alerts.post import Answer, Post
from flows.alerts.settings import AlertSettings, Target
from store import webhooks
from store.postgres import Connection
from store.webhooks import Delivery, Status

log = logging.getLogger(__name__)

GONE: Final = 410


class Courier:
    """Carries deliveries to `targets`.

    Parameters
    ----------
    targets
        Hook to its address and secret.
    connection
        Postgres.
    now_ns
        Reads the time of day, in nanoseconds UTC.
    random
        Spreads attempts.

    Raises
    ------
    ServiceError
        If Postgres cannot be reached, in all that it does.
    """

    def __init__(
        self,
        settings: AlertSettings,
        targets: Mapping[str, Target],
        connection: Connection,
        now_ns: Callable[[], int],
        random: Random,
    ) -> None:
        self._settings = settings
        self._targets = targets
        self._connection = connection
        self._now_ns = now_ns
        self._random = random
        self._post = Post(settings.private_networks, settings.timeout_s)
        self._breakers = {hook: Breaker() for hook in targets}
        self._gone: set[str] = set()
        self._out: dict[str, tuple[Delivery, Future[Answer]]] = {}
        self._threads = ThreadPoolExecutor(max(len(targets), 1), "courier")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Wait for those who are out, and write down what came of it if that can still be done."""
        self._threads.shutdown()
        if kind is None:
            self._collect()

    @property
    def is_busy(self) -> bool:
        """Whether somebody is out."""
        return bool(self._out)

    def step(self) -> None:
        """Take in what came back, and send out what is due."""
        self._collect()
        now_ns = self._now_ns()
        for hook, target in self._targets.items():
            ready = hook not in self._out and hook not in self._gone
            if not ready or not self._breakers[hook].lets_through(now_ns / 1e9):
                continue
            delivery = webhooks.due(self._connection, hook, to_datetime(now_ns))
            if delivery is not None:
                body = delivery.body.encode()
                headers = signature.headers(delivery.id, now_ns // 1_000_000_000, body, target.secret)
                self._out[hook] = delivery, self._threads.submit(self._post.send, target.url, body, headers)

    def tidy(self) -> None:
        """Give up what is too old or too much, and forget what ended long ago."""
        now = to_datetime(self._now_ns())
        given_up = webhooks.give_up(
            self._connection,
            list(self._targets),
            now=now,
            before=now - timedelta(seconds=self._settings.give_up_s),
            waiting_max=self._settings.waiting_max,
        )
        if given_up:
            log.warning("deliveries_given_up count=%d", given_up)
        webhooks.forget(self._connection, before=now - timedelta(days=self._settings.keep_days))

    def _collect(self) -> None:
        for hook, (delivery, future) in list(self._out.items()):
            if future.done():
                self._settle(hook, delivery, future.result())
                del self._out[hook]

    def _settle(self, hook: str, delivery: Delivery, answer: Answer) -> None:
        breaker, now = self._breakers[hook], to_datetime(self._now_ns())
        status: Status = "delivered"
        due_at = now
        if answer.taken:
            breaker.succeeded()
        elif answer.status == GONE:
            self._gone.add(hook)
            status = "given_up"
            log.warning("hook_gone hook=%s", hook)
        else:
            breaker.failed(now.timestamp())
            pause_s = max(wait_s(delivery.attempts + 1, self._random), answer.retry_after_s or 0.0)
            due_at = now + timedelta(seconds=min(pause_s, self._settings.give_up_s))
            status = "waiting"
            log.warning(
                "delivery_failed hook=%s id=%s attempt=%d error=%s%s",
                *(hook, delivery.id, delivery.attempts + 1, answer.detail),
                " paused=yes" if breaker.is_open else "",
            )
        webhooks.tried(
            self._connection,
            delivery.id,
            status=status,
            now=now,
            due_at=due_at,
            last_status=answer.status,
            last_error=answer.detail,
        )
