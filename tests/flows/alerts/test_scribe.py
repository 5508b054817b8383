"""What is told of a feed that goes on, that was left for a while, and that has lost something."""

import json
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest
import redis

from domain.performance import Alert
from flows.alerts.metrics import AlertMetrics
from flows.alerts.notices import Notices
from flows.alerts.scribe import Scribe
from flows.alerts.settings import AlertSettings, Hook
from store import alerts, feed, outbox

NOW = datetime.now(UTC).replace(microsecond=0)
HOOK = Hook(name="desk", url="-", secret_variable="-", channels=("alerts",))
SETTINGS = AlertSettings(hooks=(HOOK,))

Begin = Callable[..., Scribe]


@pytest.fixture
def begin(connection: psycopg.Connection, client: redis.Redis) -> Begin:
    """Begins a scribe, and takes it through all that waits."""

    def run(settings: AlertSettings = SETTINGS) -> Scribe:
        metrics = AlertMetrics(["desk"], ["alerts"])
        scribe = Scribe(connection, client, settings, Notices(settings.hooks), metrics, time.time_ns)
        for _ in range(4):
            scribe.step(1)
        return scribe

    return run


def alert(number: int, at: datetime = NOW) -> Alert:
    return Alert(
        id=f"{number:032x}",
        kind="drawdown",
        level="warning",
        message=f"number {number}",
        at=at,
        signal_type=None,
        value=0.1,
        trades=7,
    )


@pytest.fixture
def announce(connection: psycopg.Connection, client: redis.Redis) -> Callable[..., None]:
    """Announces alerts as the engine does: in the ledger, and then on the feed."""

    def write(*given: Alert) -> None:
        with connection.transaction():
            alerts.write(connection, given)
        outbox.drain(connection, client)

    return write


def told(connection: psycopg.Connection) -> list[str]:
    """What is told, in the order in which it is."""
    rows = connection.execute("SELECT body FROM webhook_deliveries ORDER BY due_at, seq").fetchall()
    return [json.loads(body)["data"]["message"] for (body,) in rows]


def numbers(*given: int) -> list[str]:
    return [f"number {number}" for number in given]


def test_first_begins_with_what_comes(begin: Begin, announce: Any, connection: psycopg.Connection) -> None:
    announce(alert(1))
    scribe = begin()
    announce(alert(2), alert(3))
    scribe.step(1)
    assert told(connection) == numbers(2, 3)


def test_what_redis_lost_is_told_from_the_ledger_once(
    begin: Begin, announce: Any, connection: psycopg.Connection, client: redis.Redis
) -> None:
    begin()
    announce(alert(1))
    begin()
    announce(*(alert(number, NOW + timedelta(seconds=number)) for number in (4, 2, 3)))
    client.flushall()
    scribe = begin()
    assert told(connection) == numbers(1, 2, 3, 4)
    announce(alert(5, NOW + timedelta(seconds=5)))
    scribe.step(1)
    begin()
    assert told(connection) == numbers(1, 2, 3, 4, 5)
    rows = connection.execute("SELECT body FROM webhook_deliveries WHERE seq = 0 ORDER BY due_at LIMIT 1").fetchone()
    assert rows is not None
    assert json.loads(rows[0])["seq"] is None


def test_loss_of_the_last_entries_is_noticed_by_the_epoch(
    begin: Begin, announce: Any, connection: psycopg.Connection, client: redis.Redis
) -> None:
    scribe = begin()
    announce(alert(1))
    scribe.step(1)
    announce(alert(2, NOW + timedelta(seconds=1)))
    _, newest = feed.ends(client, "alerts")
    client.xdel(feed.key("alerts"), f"{newest}-0")
    feed.renew_epoch(client)  # as the engine does when it announces the next
    announce(alert(3, NOW + timedelta(seconds=2)))
    scribe.step(1)
    assert sorted(told(connection)) == numbers(1, 2, 3)


def test_what_the_stream_no_longer_keeps_is_told_from_the_ledger(
    begin: Begin, announce: Any, connection: psycopg.Connection, client: redis.Redis
) -> None:
    scribe = begin()
    announce(alert(1))
    scribe.step(1)
    announce(*(alert(number, NOW + timedelta(seconds=number)) for number in range(2, 9)))
    client.xtrim(feed.key("alerts"), maxlen=2, approximate=False)
    begin()
    assert told(connection) == numbers(*range(1, 9))


def test_what_is_announced_while_it_is_made_up_for_is_told_once(
    begin: Begin, announce: Any, connection: psycopg.Connection, client: redis.Redis
) -> None:
    begin()
    announce(alert(1))
    begin()
    client.flushall()
    with connection.transaction():
        alerts.write(connection, [alert(2, NOW + timedelta(seconds=1))])  # and not yet announced
    scribe = begin()
    outbox.drain(connection, client)
    scribe.step(1)
    assert told(connection) == numbers(1, 2)


def test_flood_of_yesterday_is_passed_over_and_it_is_said(
    begin: Begin, announce: Any, connection: psycopg.Connection
) -> None:
    begin()
    announce(alert(1, NOW - timedelta(days=3)))
    begin()
    announce(*(alert(number, NOW - timedelta(hours=20 - number)) for number in range(2, 12)), alert(12))
    scribe = begin()
    notice = (
        "Hooks were not told of 10 messages of alerts that came while nobody was here to tell them: "
        "older than 3600 s, or too many. The ledger has them."
    )
    assert told(connection) == [*numbers(1, 12), notice]
    announce(alert(13, NOW - timedelta(hours=3)))
    scribe.step(1)
    assert told(connection)[-1:] == numbers(13), "who is late but came while we listened is told"


def test_flood_of_yesterday_is_passed_over_in_the_ledger_too(
    begin: Begin, announce: Any, connection: psycopg.Connection, client: redis.Redis
) -> None:
    begin()
    announce(alert(1, NOW - timedelta(days=3)))
    begin()
    announce(*(alert(number, NOW - timedelta(hours=20 - number)) for number in range(2, 12)), alert(12))
    client.flushall()
    begin()
    assert told(connection)[:2] == numbers(1, 12)
    assert "not told of 10 messages of alerts" in told(connection)[2]
    client.flushall()
    begin()
    assert len(told(connection)) == 3, "it is said once"


def test_more_than_may_wait_is_not_told_from_the_ledger(
    begin: Begin, announce: Any, connection: psycopg.Connection, client: redis.Redis
) -> None:
    settings = AlertSettings(hooks=(HOOK,), waiting_max=3)
    begin(settings)
    announce(alert(1))
    begin(settings)
    announce(*(alert(number, NOW + timedelta(seconds=number)) for number in range(2, 12)))
    client.flushall()
    begin(settings)
    assert told(connection)[:4] == numbers(1, 9, 10, 11)
    assert "not told of" in told(connection)[4]


def test_channel_that_was_left_is_begun_anew(begin: Begin, announce: Any, connection: psycopg.Connection) -> None:
    begin()
    begin(AlertSettings(hooks=(Hook(name="desk", channels=("signals",)),)))
    announce(alert(1))
    scribe = begin()
    announce(alert(2))
    scribe.step(1)
    assert told(connection) == numbers(2)


def test_database_of_a_former_version_is_taken_over(
    begin: Begin, announce: Any, connection: psycopg.Connection
) -> None:
    announce(alert(1), alert(2))
    _, newest = 0, connection.execute("SELECT last_value FROM outbox_seq_seq").fetchone()
    assert newest is not None
    connection.execute("INSERT INTO webhook_positions (channel, seq) VALUES ('alerts', %s)", (newest[0] - 1,))
    begin()
    assert told(connection) == numbers(2)
