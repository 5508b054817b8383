"""Courier: carries deliveries out, one at a time for each hook, so that a slow receiver holds up itself alone.

A delivery that fails is tried again, later and later, while others of its hook go on; so receivers get each at
least once, but not always in order. Who asks to be left alone is, with all that waits for it. Who answers 410 is told
nothing more until the next start.

Chats take few messages a minute, so what waits for one goes into a message together.
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
from flows.alerts.breaker import Breaker, wait_s
from flows.alerts.metrics import AlertMetrics
from flows.alerts.notices import Notices
from flows.alerts.post import Answer, Post
from flows.alerts.settings import AlertSettings, Kind, Target
from flows.alerts.texts import together
from store import webhooks
from store.postgres import Connection
from store.webhooks import Delivery, Status

log = logging.getLogger(__name__)

GONE: Final = 410
TOO_MANY: Final = 429
APART_S: Final[dict[Kind, float]] = {"telegram": 3.0, "discord": 2.0, "slack": 1.0}
"""Between two messages to a chat. Telegram takes 20 a minute in a group, Discord 30 of a webhook, Slack one a second
(core.telegram.org/bots/faq, discord.com/developers/docs/topics/rate-limits, api.slack.com/apis/rate-limits)."""
TOGETHER: Final = 50
"""Deliveries that are looked at for one message."""
QUIET_S: Final = 0.5
"""Until a hook for which nothing was due is looked at again: somebody who is out has us come by every 10 ms."""


class Courier:
    """Carries deliveries to `targets`.

    Parameters
    ----------
    targets
        Hook to its address and secrets.
    notices
        Where it is said how it stands with receivers.
    now_ns, steady_s
        Read the time of day, in nanoseconds UTC, and a clock that only goes forward, in seconds.
    random
        Spreads attempts.

    Raises
    ------
    ServiceError
        If Postgres cannot be reached, in all that it does; what it was about to write is written next time.
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
        self._post = Post(settings.private_networks, settings.timeout_s)
        self._breakers = {hook: Breaker() for hook in targets}
        self._gone: set[str] = set()
        self._quiet_until_s: dict[str, float] = {}
        self._out: dict[str, tuple[Sequence[Delivery], Future[Answer]]] = {}
        self._threads = ThreadPoolExecutor(max(len(targets), 1), "courier")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._threads.shutdown()

    @property
    def is_busy(self) -> bool:
        """Whether somebody is out."""
        return bool(self._out)

    def step(self, connection: Connection, *, woken: bool = False) -> None:
        """Take in what came back, and send out what is due.

        Parameters
        ----------
        woken
            Whether new deliveries were written; else a hook for which nothing was due is looked at again in a while.
        """
        self._collect(connection)
        now, now_s = to_datetime(self._now_ns()), self._steady_s()
        if woken:
            self._quiet_until_s.clear()
        for hook in self._targets:
            ready = hook not in self._out and hook not in self._gone and now_s >= self._quiet_until_s.get(hook, now_s)
            if not ready or not self._breakers[hook].lets_through(now_s):
                continue
            most = TOGETHER if self._kinds[hook] in APART_S else 1
            due = webhooks.due(connection, hook, now, most)
            if due:
                self._send(hook, due)
            else:
                self._quiet_until_s[hook] = now_s + QUIET_S

    def tidy(self, connection: Connection) -> None:
        """Give up what is too old or too much, and forget what ended long ago."""
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
                self._metrics.tried(hook, "given_up", count)
                text = f"Deliveries to the hook {hook} are given up, {count} just now: `signalengine alerts --status`."
                self._notices.say(connection, "deliveries_given_up", hook, text, float(count), now)
        webhooks.forget(connection, before=now - timedelta(days=self._settings.keep_days))

    def finish(self, connection: Connection) -> None:
        """Wait for those who are out, and write down what came of it."""
        self._threads.shutdown()
        self._collect(connection)

    def _send(self, hook: str, due: Sequence[Delivery]) -> None:
        # What was refused may be refused for the sake of one message, so it goes alone.
        mates = list(takewhile(lambda each: not _was_refused(each), due)) or due[:1]
        text, count = together(self._kinds[hook], [each.body for each in mates])
        first, target, body = mates[0], self._targets[hook], text.encode()
        headers = signature.headers(first.id, self._now_ns() // 1_000_000_000, body, target.keys)
        self._out[hook] = mates[:count], self._threads.submit(self._post.send, target.url, body, headers)
        self._breakers[hook].hold(self._steady_s() + APART_S.get(self._kinds[hook], 0.0))

    def _collect(self, connection: Connection) -> None:
        for hook, (deliveries, future) in list(self._out.items()):
            if future.done():
                self._settle(connection, hook, deliveries, future.result())

    def _settle(self, connection: Connection, hook: str, deliveries: Sequence[Delivery], answer: Answer) -> None:
        now = to_datetime(self._now_ns())
        first, count = deliveries[0], len(deliveries)
        status: Status = "delivered" if answer.taken else "given_up" if answer.status == GONE else "waiting"
        wish_s = min(answer.retry_after_s or 0.0, self._settings.give_up_s)
        webhooks.tried(
            connection,
            [delivery.id for delivery in deliveries],
            status=status,
            now=now,
            due_at=now + timedelta(seconds=max(wait_s(first.attempts + 1, self._random), wish_s)),
            last_status=answer.status,
            last_error=answer.detail,
        )
        del self._out[hook]
        breaker = self._breakers[hook]
        if status == "delivered":
            self._metrics.tried(hook, "delivered", count)
            if breaker.is_open:
                text = f"The hook {hook} takes what it is told again."
                self._notices.say(connection, "hook_recovered", hook, text, float(count), now)
            breaker.succeeded()
            self._metrics.circuit(hook, "closed")
            return
        log.warning(
            "delivery_failed hook=%s id=%s deliveries=%d attempt=%d error=%s",
            *(hook, first.id, count, first.attempts + 1, answer.detail),
        )
        if status == "given_up":
            self._gone.add(hook)
            self._metrics.tried(hook, "given_up", count)
            self._metrics.circuit(hook, "gone")
            text = f"The hook {hook} says that it is gone (410), and is told nothing more until alerts starts again."
            self._notices.say(connection, "hook_gone", hook, text, float(count), now)
            return
        breaker.hold(self._steady_s() + wish_s)
        if answer.status == TOO_MANY and wish_s:
            self._metrics.tried(hook, "held", count)
            return
        self._metrics.tried(hook, "failed", count)
        breaker.failed(self._steady_s())
        if breaker.is_open:
            self._metrics.circuit(hook, "open")
            text = f"The hook {hook} does not take what it is told ({answer.detail}); it is left alone for a while."
            self._notices.say(connection, "hook_failing", hook, text, float(count), now)


def _was_refused(delivery: Delivery) -> bool:
    last = delivery.last_status
    return last is not None and 400 <= last < 500 and last != TOO_MANY
