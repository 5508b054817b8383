"""Dispatcher: sends deliveries, one request at a time per hook, so that a slow receiver delays only itself.

A delivery that fails is retried with backoff while others of its hook go on, so that each is received at least once,
but not always in order. `Retry-After` pauses the whole hook; after a response of 410 nothing more is sent to it until
the next start.

Chat services limit messages per minute, so deliveries that wait for a chat are combined into one message.
"""

import logging
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import timedelta
from itertools import takewhile
from random import Random
from types import TracebackType
from typing import Final, Self

from domain.clock import to_datetime
from flows.alerts import signature
from flows.alerts.circuit_breaker import CircuitBreaker, backoff_s
from flows.alerts.http_client import HttpClient, Response
from flows.alerts.metrics import AlertMetrics
from flows.alerts.notices import Notices
from flows.alerts.settings import AlertSettings, Kind, Target
from flows.alerts.templates import combine
from store import webhooks
from store.postgres import Connection
from store.webhooks import Delivery, Status

log = logging.getLogger(__name__)

GONE: Final = 410
TOO_MANY_REQUESTS: Final = 429
CHAT_INTERVAL_S: Final[dict[Kind, float]] = {"telegram": 3.0, "discord": 2.0, "slack": 1.0}
"""Seconds between two messages to a chat. Telegram allows 20 a minute in a group, Discord 30 a minute for a webhook,
Slack one a second (core.telegram.org/bots/faq, discord.com/developers/docs/topics/rate-limits,
api.slack.com/apis/rate-limits)."""
COMBINED_MAX: Final = 50
"""Deliveries that are combined into one message at most."""
POLL_S: Final = 0.5
"""How often a hook without due deliveries is queried; while a request is running, `step` is called every 10 ms."""


class Dispatcher:
    """Sends deliveries to `targets`.

    Parameters
    ----------
    targets
        Hook to its URL and signing keys.
    notices
        Publishes changes in the state of a hook.
    now_ns, steady_s
        Read the time of day, in nanoseconds UTC, and a monotonic clock, in seconds.
    random
        Source of the jitter of retries.

    Raises
    ------
    ServiceError
        By every method, if Postgres cannot be reached; results that could not be written are written by the next call.
    """

    def __init__(
        self,
        settings: AlertSettings,
        targets: Mapping[str, Target],
        notices: Notices,
        metrics: AlertMetrics,
        *,
        now_ns: Callable[[], int],
        steady_s: Callable[[], float],
        random: Random,
    ) -> None:
        self._settings = settings
        self._targets = targets
        self._notices = notices
        self._metrics = metrics
        self._now_ns = now_ns
        self._steady_s = steady_s
        self._random = random
        self._kinds = {hook.name: hook.kind for hook in settings.hooks}
        self._client = HttpClient(settings.private_networks, settings.timeout_s)
        self._breakers = {hook: CircuitBreaker() for hook in targets}
        self._gone: set[str] = set()
        self._next_poll_s: dict[str, float] = {}
        self._running: dict[str, tuple[Sequence[Delivery], Future[Response]]] = {}
        self._threads = ThreadPoolExecutor(max(len(targets), 1), "webhook")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._threads.shutdown()

    @property
    def is_busy(self) -> bool:
        """Whether a request is running."""
        return bool(self._running)

    def step(self, connection: Connection, *, has_new: bool = False) -> None:
        """Record the responses that arrived, and send what is due.

        Parameters
        ----------
        has_new
            Whether new deliveries were written; if not, hooks that had none due are queried every `POLL_S` only.
        """
        self._record_responses(connection)
        now, now_s = to_datetime(self._now_ns()), self._steady_s()
        if has_new:
            self._next_poll_s.clear()
        for hook in self._targets:
            is_idle = hook not in self._running and hook not in self._gone
            if not is_idle or now_s < self._next_poll_s.get(hook, now_s) or not self._breakers[hook].allows(now_s):
                continue
            limit = COMBINED_MAX if self._kinds[hook] in CHAT_INTERVAL_S else 1
            due = webhooks.due(connection, hook, now, limit)
            if due:
                self._send(hook, due)
            else:
                self._next_poll_s[hook] = now_s + POLL_S

    def clean_up(self, connection: Connection) -> None:
        """Give up deliveries that are too old or too many, and delete those that ended long ago."""
        now = to_datetime(self._now_ns())
        given_up = webhooks.give_up(
            connection,
            list(self._targets),
            now=now,
            before=now - timedelta(seconds=self._settings.give_up_s),
            waiting_max=self._settings.waiting_max,
        )
        for hook, count in given_up.items():
            log.warning("deliveries_given_up hook=%s count=%d", hook, count)
            if hook in self._targets:
                self._metrics.add_attempts(hook, "given_up", count)
                text = f"{count} deliveries to hook {hook} were given up; see `signalengine alerts --status`."
                self._notices.publish(connection, "deliveries_given_up", hook, text, float(count), now)
        webhooks.delete_ended(connection, before=now - timedelta(days=self._settings.keep_days))

    def finish(self, connection: Connection) -> None:
        """Wait for the running requests, and record their responses."""
        self._threads.shutdown()
        self._record_responses(connection)

    def _send(self, hook: str, due: Sequence[Delivery]) -> None:
        # A combined message may have been rejected because of one delivery in it, so each is then retried alone.
        batch = list(takewhile(lambda delivery: not _was_rejected(delivery), due)) or due[:1]
        text, count = combine(self._kinds[hook], [delivery.body for delivery in batch])
        first, target, body = batch[0], self._targets[hook], text.encode()
        headers = signature.headers(first.id, self._now_ns() // 1_000_000_000, body, target.keys)
        self._running[hook] = batch[:count], self._threads.submit(self._client.post, target.url, body, headers)
        self._breakers[hook].pause_until(self._steady_s() + CHAT_INTERVAL_S.get(self._kinds[hook], 0.0))

    def _record_responses(self, connection: Connection) -> None:
        for hook, (deliveries, future) in list(self._running.items()):
            if future.done():
                self._record(connection, hook, deliveries, future.result())

    def _record(self, connection: Connection, hook: str, deliveries: Sequence[Delivery], response: Response) -> None:
        now = to_datetime(self._now_ns())
        first, count = deliveries[0], len(deliveries)
        status: Status = "delivered" if response.is_success else "given_up" if response.status == GONE else "waiting"
        retry_after_s = min(response.retry_after_s or 0.0, self._settings.give_up_s)
        webhooks.record_attempt(
            connection,
            [delivery.id for delivery in deliveries],
            status=status,
            now=now,
            due_at=now + timedelta(seconds=max(backoff_s(first.attempts + 1, self._random), retry_after_s)),
            last_status=response.status,
            last_error=response.error,
        )
        del self._running[hook]
        breaker = self._breakers[hook]
        if status == "delivered":
            self._metrics.add_attempts(hook, "delivered", count)
            if breaker.is_open:
                text = f"Hook {hook} accepts deliveries again."
                self._notices.publish(connection, "hook_recovered", hook, text, float(count), now)
            breaker.record_success()
            self._metrics.set_circuit(hook, "closed")
            return
        log.warning(
            "delivery_failed hook=%s id=%s deliveries=%d attempt=%d error=%s",
            *(hook, first.id, count, first.attempts + 1, response.error),
        )
        if status == "given_up":
            self._gone.add(hook)
            self._metrics.add_attempts(hook, "given_up", count)
            self._metrics.set_circuit(hook, "gone")
            text = f"Hook {hook} responded 410 Gone; nothing more is sent to it until alerts is restarted."
            self._notices.publish(connection, "hook_gone", hook, text, float(count), now)
            return
        breaker.pause_until(self._steady_s() + retry_after_s)
        if response.status == TOO_MANY_REQUESTS and retry_after_s:
            self._metrics.add_attempts(hook, "held", count)
            return
        self._metrics.add_attempts(hook, "failed", count)
        breaker.record_failure(self._steady_s())
        if breaker.is_open:
            self._metrics.set_circuit(hook, "open")
            text = f"Hook {hook} keeps failing ({response.error}); deliveries to it are paused and retried later."
            self._notices.publish(connection, "hook_failing", hook, text, float(count), now)


def _was_rejected(delivery: Delivery) -> bool:
    last = delivery.last_status
    return last is not None and 400 <= last < 500 and last != TOO_MANY_REQUESTS
