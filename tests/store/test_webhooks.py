from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import msgspec
import psycopg
import pytest

from store import webhooks
from store.postgres import connect
from store.webhooks import Count, Delivery, Position

AT = datetime(2026, 11, 20, 12, tzinfo=UTC)


@pytest.fixture
def connection(database_url: str) -> Iterator[psycopg.Connection]:
    with connect(database_url) as connection:
        yield connection


def delivery(number: int, hook: str = "desk", **changes: object) -> Delivery:
    plain = Delivery(
        id=f"{hook}-{number}",
        hook=hook,
        channel="alerts",
        seq=number,
        body="{}",
        created_at=AT + timedelta(seconds=number),
    )
    return msgspec.structs.replace(plain, **changes)


def end(connection: psycopg.Connection, number: int, now: datetime = AT) -> None:
    webhooks.record_attempt(
        connection, [f"desk-{number}"], status="delivered", now=now, due_at=now, last_status=204, last_error=""
    )


def test_delivery_is_inserted_once_and_the_position_only_advances(connection: psycopg.Connection) -> None:
    rows = [delivery(1), delivery(2)]
    later = AT + timedelta(seconds=1)
    assert webhooks.write(connection, rows, {"alerts": Position(2, None, "a"), "signals": Position(7, later, "a")}) == 2
    again = {"alerts": Position(3, AT, "b"), "signals": Position(6, AT, "b")}
    assert webhooks.write(connection, [*rows, delivery(3)], again) == 1
    assert webhooks.write(connection, [], {"alerts": Position(3, None, "b")}) == 0
    assert webhooks.positions(connection) == {"alerts": Position(3, AT, "b"), "signals": Position(7, later, "b")}


def test_positions_of_other_channels_are_deleted(connection: psycopg.Connection) -> None:
    webhooks.write(connection, [], {"alerts": Position(2, None, "a"), "signals": Position(7, None, "a")})
    webhooks.delete_other_positions(connection, ["signals", "executions"])
    assert webhooks.positions(connection) == {"signals": Position(7, None, "a")}


def test_oldest_due_delivery_is_next(connection: psycopg.Connection) -> None:
    webhooks.write(connection, [delivery(1), delivery(2), delivery(3, hook="other")], {})
    assert webhooks.due(connection, "desk", AT) == []
    assert webhooks.due(connection, "desk", AT + timedelta(seconds=9)) == [delivery(1)]
    later = AT + timedelta(seconds=60)
    webhooks.record_attempt(
        connection, ["desk-1"], status="waiting", now=AT, due_at=later, last_status=500, last_error="x"
    )
    assert webhooks.due(connection, "desk", AT + timedelta(seconds=9)) == [delivery(2)]
    end(connection, 2)
    assert webhooks.due(connection, "desk", AT + timedelta(seconds=9)) == []
    assert webhooks.due(connection, "desk", later) == [delivery(1, attempts=1, last_status=500)]
    webhooks.write(connection, [delivery(4), delivery(5)], {})
    assert [each.id for each in webhooks.due(connection, "desk", later, 2)] == ["desk-4", "desk-5"]


def test_ended_delivery_does_not_change(connection: psycopg.Connection) -> None:
    webhooks.write(connection, [delivery(1)], {})
    end(connection, 1)
    webhooks.record_attempt(
        connection, ["desk-1"], status="waiting", now=AT, due_at=AT, last_status=500, last_error="x"
    )
    assert webhooks.counts(connection) == [Count("desk", "delivered", 1, AT + timedelta(seconds=1))]


def test_waiting_deliveries_are_limited_in_age_and_number(connection: psycopg.Connection) -> None:
    webhooks.write(connection, [delivery(number) for number in range(10)] + [delivery(1, hook="gone")], {})
    end(connection, 9)
    now = AT + timedelta(seconds=100)
    old = AT + timedelta(seconds=3)
    assert webhooks.give_up(connection, ["desk"], now=now, before=old, waiting_max=4) == {"desk": 5, "gone": 1}
    rows = connection.execute("SELECT id, last_error FROM webhook_deliveries WHERE status = 'given_up' ORDER BY id")
    assert dict(rows.fetchall()) == {
        "desk-0": "too old",
        "desk-1": "too old",
        "desk-2": "too old",
        "desk-3": "too many waiting",
        "desk-4": "too many waiting",
        "gone-1": "too old",
    }
    assert webhooks.delete_ended(connection, before=AT + timedelta(seconds=50)) == 1
    assert {count.status: count.deliveries for count in webhooks.counts(connection) if count.hook == "desk"} == {
        "given_up": 5,
        "waiting": 4,
    }


def test_ended_deliveries_are_deleted_by_the_time_they_ended(connection: psycopg.Connection) -> None:
    webhooks.write(connection, [delivery(1), delivery(2), delivery(3)], {})
    end(connection, 1)
    webhooks.record_attempt(
        connection, ["desk-2"], status="waiting", now=AT, due_at=AT, last_status=500, last_error="x"
    )
    webhooks.give_up(connection, ["other"], now=AT, before=AT, waiting_max=9)  # its hook was removed
    webhooks.write(connection, [delivery(4)], {})
    rows = connection.execute("SELECT id, ended_at FROM webhook_deliveries ORDER BY id").fetchall()
    assert rows == [("desk-1", AT), ("desk-2", AT), ("desk-3", AT), ("desk-4", None)]
    assert webhooks.delete_ended(connection, before=AT) == 0
    assert webhooks.delete_ended(connection, before=AT + timedelta(microseconds=1)) == 3
    assert [count.status for count in webhooks.counts(connection)] == ["waiting"]


def test_delivery_that_is_retried_has_not_ended(connection: psycopg.Connection) -> None:
    webhooks.write(connection, [delivery(1)], {})
    webhooks.record_attempt(
        connection, ["desk-1"], status="waiting", now=AT, due_at=AT, last_status=500, last_error="x"
    )
    assert connection.execute("SELECT ended_at FROM webhook_deliveries").fetchall() == [(None,)]
    assert webhooks.delete_ended(connection, before=AT + timedelta(days=9)) == 0


def test_ended_deliveries_are_found_by_their_index(connection: psycopg.Connection) -> None:
    connection.execute("SET enable_seqscan = off")
    plan = connection.execute(f"EXPLAIN {webhooks._DELETE_ENDED}", {"before": AT}).fetchall()
    assert any("webhook_deliveries_ended" in line for (line,) in plan), plan


def test_only_waiting_deliveries_are_counted(connection: psycopg.Connection) -> None:
    webhooks.write(connection, [delivery(1), delivery(2), delivery(3), delivery(7, hook="other")], {})
    end(connection, 1)
    counts = {count.hook: count for count in webhooks.waiting_counts(connection)}
    assert counts == {
        "desk": Count("desk", "waiting", 2, AT + timedelta(seconds=2)),
        "other": Count("other", "waiting", 1, AT + timedelta(seconds=7)),
    }


def test_only_one_connection_holds_the_lock(connection: psycopg.Connection, database_url: str) -> None:
    assert webhooks.try_lock(connection)
    with connect(database_url) as other:
        assert not webhooks.try_lock(other)
        connection.close()
        deadline = datetime.now(UTC) + timedelta(seconds=10)
        while not webhooks.try_lock(other):
            assert datetime.now(UTC) < deadline
