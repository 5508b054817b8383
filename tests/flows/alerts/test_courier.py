"""When what is sent, by a clock that the test turns, to a real receiver."""

import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

import psycopg
import pytest

from domain.clock import from_datetime
from flows.alerts.breaker import FAILURES, PAUSE_S_FIRST
from flows.alerts.courier import APART_S, Courier
from flows.alerts.metrics import AlertMetrics
from flows.alerts.notices import Notices
from flows.alerts.settings import AlertSettings, Hook, Target
from store import webhooks
from store.webhooks import Delivery
from tests.flows.alerts.receiver import Got, Receiver

BEGIN = datetime(2026, 11, 20, 12, tzinfo=UTC)


class Desk:
    """A courier with one hook, and the clock that it reads."""

    def __init__(self, connection: psycopg.Connection, inbox: Receiver, kind: Any = "webhook") -> None:
        hook = Hook(name="desk", kind=kind, channels=("signals",), chat_id="@desk")
        settings = AlertSettings(hooks=(hook,), private_networks=("127.0.0.0/8",), timeout_s=5.0)
        self.metrics = AlertMetrics(["desk"], ["signals"])
        self.at_s = 0.0
        self.inbox = inbox
        self.courier = Courier(
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

    def after(self, seconds: float) -> list[Got]:
        """What is received when so much time has gone by, and all who can go have gone."""
        self.at_s += seconds
        before = len(self.inbox.got)
        deadline = time.monotonic() + 10
        self.courier.step(self._connection)
        while self.courier.is_busy:
            assert time.monotonic() < deadline
            time.sleep(0.002)
            self.courier.step(self._connection)
        return self.inbox.got[before:]

    def series(self) -> dict[str, float]:
        lines = self.metrics.text([], self.now).splitlines()
        return {line.rpartition(" ")[0]: float(line.rpartition(" ")[2]) for line in lines if not line.startswith("#")}

    def attempts(self, outcome: str) -> float:
        return self.series()[f'alerts_deliveries_total{{hook="desk",outcome="{outcome}"}}']

    def notices(self) -> list[str]:
        return [kind for (kind,) in self._connection.execute("SELECT kind FROM alerts ORDER BY at").fetchall()]


@pytest.fixture
def desk(connection: psycopg.Connection, inbox: Receiver) -> Iterator[Callable[..., Desk]]:
    made: list[Desk] = []

    def make(kind: Any = "webhook") -> Desk:
        made.append(Desk(connection, inbox, kind))
        return made[-1]

    yield make
    for each in made:
        with each.courier:
            pass


def test_who_asks_for_time_gets_it_for_all_that_waits(desk: Callable[..., Desk], inbox: Receiver) -> None:
    inbox.answers.append(429)
    inbox.retry_after = "35"
    one = desk()
    one.write(*range(1, 9))
    assert len(one.after(0)) == 1
    assert one.after(34) == []
    assert len(one.after(1.01)) == 8
    assert (one.attempts("held"), one.attempts("failed"), one.attempts("delivered")) == (1, 0, 8)
    assert one.notices() == [], "it did not fail"


def test_wish_without_end_ends_with_our_patience(desk: Callable[..., Desk], inbox: Receiver) -> None:
    inbox.answers.append(503)
    inbox.retry_after = "999999"
    one = desk()
    one.write(1)
    assert len(one.after(0)) == 1
    assert one.after(3599) == []
    assert len(one.after(2)) == 1


def test_too_many_without_a_time_is_a_failure(desk: Callable[..., Desk], inbox: Receiver) -> None:
    inbox.answers.extend([429] * 5)
    one = desk()
    one.write(*range(1, 9))
    assert len(one.after(0)) == FAILURES
    assert one.series()['alerts_circuit{hook="desk"}'] == 1


def test_receiver_that_fails_is_tried_with_one_alone_each_time_later(
    desk: Callable[..., Desk], inbox: Receiver
) -> None:
    inbox.answers.extend([500] * (FAILURES + 2))
    one = desk()
    one.write(*range(1, 21))
    assert len(one.after(0)) == FAILURES
    assert one.after(PAUSE_S_FIRST - 0.1) == []
    assert len(one.after(0.2)) == 1
    assert one.after(2 * PAUSE_S_FIRST - 0.3) == []
    assert len(one.after(0.4)) == 1
    assert one.notices() == ["hook_failing"], "it is said once"
    assert len(one.after(4 * PAUSE_S_FIRST)) == 20
    assert one.notices() == ["hook_failing", "hook_recovered"]
    assert one.series()['alerts_circuit{hook="desk"}'] == 0


def test_who_is_gone_is_told_no_more_and_that_is_said(desk: Callable[..., Desk], inbox: Receiver) -> None:
    inbox.answers.append(410)
    one = desk()
    one.write(1, 2)
    assert len(one.after(0)) == 1
    assert one.after(9999) == []
    assert one.notices() == ["hook_gone"]
    assert one.series()['alerts_circuit{hook="desk"}'] == 2


def test_what_is_too_old_is_given_up_and_that_is_said(
    desk: Callable[..., Desk], inbox: Receiver, connection: psycopg.Connection
) -> None:
    one = desk()
    one.write(1, 2, 3)
    one.at_s = 3601.0
    one.courier.tidy(connection)
    assert one.after(0) == []
    assert one.notices() == ["deliveries_given_up"]
    assert one.attempts("given_up") == 3


@pytest.mark.parametrize("kind", APART_S)
def test_chat_gets_what_waits_in_one_message_and_not_too_often(
    desk: Callable[..., Desk], inbox: Receiver, connection: psycopg.Connection, kind: str
) -> None:
    field = "content" if kind == "discord" else "text"
    one = desk(kind)
    one.write(1, field=field)
    assert [got.said[field] for got in one.after(0)] == ["number 1"]
    one.write(2, 3, 4, field=field)
    assert one.after(APART_S[kind] - 0.1) == []  # type: ignore[index]
    assert [got.said[field] for got in one.after(0.2)] == ["number 2\n\nnumber 3\n\nnumber 4"]
    rows = connection.execute("SELECT status, attempts FROM webhook_deliveries").fetchall()
    assert rows == [("delivered", 1)] * 4


def test_message_that_is_refused_holds_up_no_other(desk: Callable[..., Desk], inbox: Receiver) -> None:
    inbox.answers.append(400)
    one = desk("slack")
    one.write(1, 2, 3)
    assert [got.said["text"] for got in one.after(0)] == ["number 1\n\nnumber 2\n\nnumber 3"]
    inbox.answers.append(400)
    later = [got.said["text"] for _ in range(5) for got in one.after(2)]
    assert later == ["number 1", "number 2", "number 3", "number 1"]


def test_what_failed_for_everybodys_sake_stays_together(desk: Callable[..., Desk], inbox: Receiver) -> None:
    inbox.answers.append(503)
    one = desk("slack")
    one.write(1, 2)
    assert len(one.after(0)) == 1
    assert [got.said["text"] for got in one.after(2)] == ["number 1\n\nnumber 2"]
