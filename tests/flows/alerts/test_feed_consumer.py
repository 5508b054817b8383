"""Deliveries of a feed that continues, that was not read for a while, and that has lost entries."""

import json
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest
import redis

from domain.performance import Alert
from flows.alerts.feed_consumer import FeedConsumer
from flows.alerts.metrics import AlertMetrics
from flows.alerts.notices import Notices
from flows.alerts.settings import AlertSettings, Hook
from store import alerts, feed, outbox

NOW = datetime.now(UTC).replace(microsecond=0)
HOOK = Hook(name="desk", url="-", secret_variable="-", channels=("alerts",))
SETTINGS = AlertSettings(hooks=(HOOK,))

Start = Callable[..., FeedConsumer]


@pytest.fixture
def start(connection: psycopg.Connection, client: redis.Redis) -> Start:
    """Returns a function that starts a consumer and lets it read the backlog."""

    def run(settings: AlertSettings = SETTINGS) -> FeedConsumer:
        metrics = AlertMetrics(["desk"], ["alerts"])
        consumer = FeedConsumer(connection, client, settings, Notices(settings.hooks), metrics, time.time_ns)
        for _ in range(4):
            consumer.step(1)
        return consumer

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
def publish(connection: psycopg.Connection, client: redis.Redis) -> Callable[..., None]:
    """Returns a function that publishes alerts as the engine does: in Postgres, and then on the feed."""

    def write(*rows: Alert) -> None:
        with connection.transaction():
            alerts.write(connection, rows)
        outbox.drain(connection, client)

    return write


def delivered(connection: psycopg.Connection) -> list[str]:
    """The texts of all deliveries, in the order in which they are due."""
    rows = connection.execute("SELECT body FROM webhook_deliveries ORDER BY due_at, seq").fetchall()
    return [json.loads(body)["data"]["message"] for (body,) in rows]


def texts(*numbers: int) -> list[str]:
    return [f"number {number}" for number in numbers]


def test_first_consumer_starts_at_the_end_of_the_feed(
    start: Start, publish: Any, connection: psycopg.Connection
) -> None:
    publish(alert(1))
    consumer = start()
    publish(alert(2), alert(3))
    consumer.step(1)
    assert delivered(connection) == texts(2, 3)


def test_entries_that_redis_lost_are_delivered_from_the_database_once(
    start: Start, publish: Any, connection: psycopg.Connection, client: redis.Redis
) -> None:
    start()
    publish(alert(1))
    start()
    publish(*(alert(number, NOW + timedelta(seconds=number)) for number in (4, 2, 3)))
    client.flushall()
    consumer = start()
    assert delivered(connection) == texts(1, 2, 3, 4)
    publish(alert(5, NOW + timedelta(seconds=5)))
    consumer.step(1)
    start()
    assert delivered(connection) == texts(1, 2, 3, 4, 5)
    rows = connection.execute("SELECT body FROM webhook_deliveries WHERE seq = 0 ORDER BY due_at LIMIT 1").fetchone()
    assert rows is not None
    assert json.loads(rows[0])["seq"] is None


def test_loss_of_the_newest_entries_is_detected_by_the_epoch(
    start: Start, publish: Any, connection: psycopg.Connection, client: redis.Redis
) -> None:
    consumer = start()
    publish(alert(1))
    consumer.step(1)
    publish(alert(2, NOW + timedelta(seconds=1)))
    _, newest = feed.ends(client, "alerts")
    client.xdel(feed.key("alerts"), f"{newest}-0")
    feed.renew_epoch(client)  # as the engine does when it publishes the next
    publish(alert(3, NOW + timedelta(seconds=2)))
    consumer.step(1)
    assert sorted(delivered(connection)) == texts(1, 2, 3)


def test_trimmed_entries_are_delivered_from_the_database(
    start: Start, publish: Any, connection: psycopg.Connection, client: redis.Redis
) -> None:
    consumer = start()
    publish(alert(1))
    consumer.step(1)
    publish(*(alert(number, NOW + timedelta(seconds=number)) for number in range(2, 9)))
    client.xtrim(feed.key("alerts"), maxlen=2, approximate=False)
    start()
    assert delivered(connection) == texts(*range(1, 9))


def test_message_published_during_recovery_is_delivered_once(
    start: Start, publish: Any, connection: psycopg.Connection, client: redis.Redis
) -> None:
    start()
    publish(alert(1))
    start()
    client.flushall()
    with connection.transaction():
        alerts.write(connection, [alert(2, NOW + timedelta(seconds=1))])  # not yet published
    consumer = start()
    outbox.drain(connection, client)
    consumer.step(1)
    assert delivered(connection) == texts(1, 2)


def test_expired_backlog_is_skipped_with_a_notice(start: Start, publish: Any, connection: psycopg.Connection) -> None:
    start()
    publish(alert(1, NOW - timedelta(days=3)))
    start()
    publish(*(alert(number, NOW - timedelta(hours=20 - number)) for number in range(2, 12)), alert(12))
    consumer = start()
    notice = (
        "10 messages of channel alerts were published while alerts was not running and were not delivered: "
        "older than 3600 s, or too many. They are in the database."
    )
    assert delivered(connection) == [*texts(1, 12), notice]
    publish(alert(13, NOW - timedelta(hours=3)))
    consumer.step(1)
    assert delivered(connection)[-1:] == texts(13), (
        "a late message that is published while the consumer runs is delivered"
    )


def test_expired_messages_in_the_database_are_skipped_with_a_notice(
    start: Start, publish: Any, connection: psycopg.Connection, client: redis.Redis
) -> None:
    start()
    publish(alert(1, NOW - timedelta(days=3)))
    start()
    publish(*(alert(number, NOW - timedelta(hours=20 - number)) for number in range(2, 12)), alert(12))
    client.flushall()
    start()
    assert delivered(connection)[:2] == texts(1, 12)
    assert "10 messages of channel alerts" in delivered(connection)[2]
    client.flushall()
    start()
    assert len(delivered(connection)) == 3, "only one notice"


def test_recovery_is_limited_to_waiting_max(
    start: Start, publish: Any, connection: psycopg.Connection, client: redis.Redis
) -> None:
    settings = AlertSettings(hooks=(HOOK,), waiting_max=3)
    start(settings)
    publish(alert(1))
    start(settings)
    publish(*(alert(number, NOW + timedelta(seconds=number)) for number in range(2, 12)))
    client.flushall()
    start(settings)
    assert delivered(connection)[:4] == texts(1, 9, 10, 11)
    assert "were not delivered" in delivered(connection)[4]


def test_channel_that_was_unsubscribed_starts_at_the_end_again(
    start: Start, publish: Any, connection: psycopg.Connection
) -> None:
    start()
    start(AlertSettings(hooks=(Hook(name="desk", channels=("signals",)),)))
    publish(alert(1))
    consumer = start()
    publish(alert(2))
    consumer.step(1)
    assert delivered(connection) == texts(2)


def test_position_of_an_earlier_version_is_resumed(start: Start, publish: Any, connection: psycopg.Connection) -> None:
    publish(alert(1), alert(2))
    newest = connection.execute("SELECT last_value FROM outbox_seq_seq").fetchone()
    assert newest is not None
    connection.execute("INSERT INTO webhook_positions (channel, seq) VALUES ('alerts', %s)", (newest[0] - 1,))
    start()
    assert delivered(connection) == texts(2)
