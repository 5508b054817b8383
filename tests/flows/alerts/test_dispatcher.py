"""Which deliveries are sent when, by a clock that the test sets, to a real receiver."""

import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

import psycopg
import pytest

from domain.clock import from_datetime
from flows.alerts.circuit_breaker import FAILURE_THRESHOLD, PAUSE_S_MIN
from flows.alerts.dispatcher import CHAT_INTERVAL_S, Dispatcher
from flows.alerts.metrics import AlertMetrics
from flows.alerts.notices import Notices
from flows.alerts.settings import AlertSettings, Hook, Target
from store import webhooks
from store.webhooks import Delivery
from tests.flows.alerts.receiver import ReceivedRequest, Receiver

BEGIN = datetime(2026, 11, 20, 12, tzinfo=UTC)


class OneHook:
    """A dispatcher with one hook, and the clock that it reads."""

    def __init__(self, connection: psycopg.Connection, inbox: Receiver, kind: Any = "webhook") -> None:
        hook = Hook(name="desk", kind=kind, channels=("signals",), chat_id="@desk")
        settings = AlertSettings(hooks=(hook,), private_networks=("127.0.0.0/8",), timeout_s=5.0)
        self.metrics = AlertMetrics(["desk"], ["signals"])
        self.at_s = 0.0
        self.inbox = inbox
        self.dispatcher = Dispatcher(
            settings,
            {"desk": Target(url=inbox.url)},
            Notices((hook,)),
            self.metrics,
            now_ns=lambda: from_datetime(self.now),
            steady_s=lambda: self.at_s,
            random=Random(1),
        )
        self._connection = connection

    @property
    def now(self) -> datetime:
        return BEGIN + timedelta(seconds=self.at_s)

    def write(self, *numbers: int, field: str = "text") -> None:
        rows = [
            Delivery(
                id=f"msg_{number}", hook="desk", channel="signals", seq=number,
                body=f'{{"{field}":"number {number}"}}', created_at=self.now,
            )
            for number in numbers
        ]  # fmt: skip
        webhooks.write(self._connection, rows, {})

    def after(self, seconds: float) -> list[ReceivedRequest]:
        """Advance the clock, send everything that is due, and return the requests."""
        self.at_s += seconds
        before = len(self.inbox.requests)
        deadline = time.monotonic() + 10
        self.dispatcher.step(self._connection)
        while self.dispatcher.is_busy:
            assert time.monotonic() < deadline
            time.sleep(0.002)
            self.dispatcher.step(self._connection)
        return self.inbox.requests[before:]

    def series(self) -> dict[str, float]:
        lines = self.metrics.render([], self.now).splitlines()
        return {line.rpartition(" ")[0]: float(line.rpartition(" ")[2]) for line in lines if not line.startswith("#")}

    def attempts(self, outcome: str) -> float:
        return self.series()[f'alerts_deliveries_total{{hook="desk",outcome="{outcome}"}}']

    def notices(self) -> list[str]:
        return [kind for (kind,) in self._connection.execute("SELECT kind FROM alerts ORDER BY at").fetchall()]


@pytest.fixture
def one_hook(connection: psycopg.Connection, inbox: Receiver) -> Iterator[Callable[..., OneHook]]:
    created: list[OneHook] = []

    def create(kind: Any = "webhook") -> OneHook:
        created.append(OneHook(connection, inbox, kind))
        return created[-1]

    yield create
    for each in created:
        with each.dispatcher:
            pass


def test_retry_after_pauses_the_whole_hook(one_hook: Callable[..., OneHook], inbox: Receiver) -> None:
    inbox.responses.append(429)
    inbox.retry_after = "35"
    one = one_hook()
    one.write(*range(1, 9))
    assert len(one.after(0)) == 1
    assert one.after(34) == []
    assert len(one.after(1.01)) == 8
    assert (one.attempts("held"), one.attempts("failed"), one.attempts("delivered")) == (1, 0, 8)
    assert one.notices() == [], "it is not a failure"


def test_retry_after_is_limited_to_give_up_s(one_hook: Callable[..., OneHook], inbox: Receiver) -> None:
    inbox.responses.append(503)
    inbox.retry_after = "999999"
    one = one_hook()
    one.write(1)
    assert len(one.after(0)) == 1
    assert one.after(3599) == []
    assert len(one.after(2)) == 1


def test_429_without_retry_after_is_a_failure(one_hook: Callable[..., OneHook], inbox: Receiver) -> None:
    inbox.responses.extend([429] * 5)
    one = one_hook()
    one.write(*range(1, 9))
    assert len(one.after(0)) == FAILURE_THRESHOLD
    assert one.series()['alerts_circuit{hook="desk"}'] == 1


def test_open_circuit_is_tried_with_one_delivery_after_growing_pauses(
    one_hook: Callable[..., OneHook], inbox: Receiver
) -> None:
    inbox.responses.extend([500] * (FAILURE_THRESHOLD + 2))
    one = one_hook()
    one.write(*range(1, 21))
    assert len(one.after(0)) == FAILURE_THRESHOLD
    assert one.after(PAUSE_S_MIN - 0.1) == []
    assert len(one.after(0.2)) == 1
    assert one.after(2 * PAUSE_S_MIN - 0.3) == []
    assert len(one.after(0.4)) == 1
    assert one.notices() == ["hook_failing"], "only one notice"
    assert len(one.after(4 * PAUSE_S_MIN)) == 20
    assert one.notices() == ["hook_failing", "hook_recovered"]
    assert one.series()['alerts_circuit{hook="desk"}'] == 0


def test_410_stops_deliveries_and_publishes_a_notice(one_hook: Callable[..., OneHook], inbox: Receiver) -> None:
    inbox.responses.append(410)
    one = one_hook()
    one.write(1, 2)
    assert len(one.after(0)) == 1
    assert one.after(9999) == []
    assert one.notices() == ["hook_gone"]
    assert one.series()['alerts_circuit{hook="desk"}'] == 2


def test_expired_deliveries_are_given_up_with_a_notice(
    one_hook: Callable[..., OneHook], inbox: Receiver, connection: psycopg.Connection
) -> None:
    one = one_hook()
    one.write(1, 2, 3)
    one.at_s = 3601.0
    one.dispatcher.clean_up(connection)
    assert one.after(0) == []
    assert one.notices() == ["deliveries_given_up"]
    assert one.attempts("given_up") == 3


@pytest.mark.parametrize("kind", CHAT_INTERVAL_S)
def test_waiting_deliveries_to_a_chat_are_combined_and_rate_limited(
    one_hook: Callable[..., OneHook], inbox: Receiver, connection: psycopg.Connection, kind: str
) -> None:
    field = "content" if kind == "discord" else "text"
    one = one_hook(kind)
    one.write(1, field=field)
    assert [request.json[field] for request in one.after(0)] == ["number 1"]
    one.write(2, 3, 4, field=field)
    assert one.after(CHAT_INTERVAL_S[kind] - 0.1) == []  # type: ignore[index]
    assert [request.json[field] for request in one.after(0.2)] == ["number 2\n\nnumber 3\n\nnumber 4"]
    rows = connection.execute("SELECT status, attempts FROM webhook_deliveries").fetchall()
    assert rows == [("delivered", 1)] * 4


def test_deliveries_of_a_rejected_message_are_retried_alone(one_hook: Callable[..., OneHook], inbox: Receiver) -> None:
    inbox.responses.append(400)
    one = one_hook("slack")
    one.write(1, 2, 3)
    assert [request.json["text"] for request in one.after(0)] == ["number 1\n\nnumber 2\n\nnumber 3"]
    inbox.responses.append(400)
    later = [request.json["text"] for _ in range(5) for request in one.after(2)]
    assert later == ["number 1", "number 2", "number 3", "number 1"]


def test_deliveries_of_a_failed_message_stay_combined(one_hook: Callable[..., OneHook], inbox: Receiver) -> None:
    inbox.responses.append(503)
    one = one_hook("slack")
    one.write(1, 2)
    assert len(one.after(0)) == 1
    assert [request.json["text"] for request in one.after(2)] == ["number 1\n\nnumber 2"]
