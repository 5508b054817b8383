import psycopg
import pytest
import redis

from domain.errors import ServiceError
from store import feed, outbox
from store.postgres import connect, transaction

_ADD = "INSERT INTO outbox (channel, payload) SELECT 'signals', n::text FROM generate_series(1, %s) n RETURNING seq"


def published(client: redis.Redis, channel: str = "signals") -> list[bytes]:
    return [fields[b"d"] for _, fields in client.xrange(feed.key(channel))]


def test_outbox_is_published_in_order_and_in_batches(connection: psycopg.Connection, client: redis.Redis) -> None:
    connection.execute(_ADD, (2_500,))
    connection.execute("UPDATE outbox SET channel = 'alerts' WHERE seq % 2 = 1")
    assert outbox.drain(connection, client) == 2_500
    assert published(client) == [str(n).encode() for n in range(2, 2_501, 2)]
    assert published(client, "alerts") == [str(n).encode() for n in range(1, 2_501, 2)]
    assert connection.execute("SELECT count(*) FROM outbox").fetchone() == (0,)
    assert outbox.drain(connection, client) == 0


def test_rows_that_cannot_be_published_stay(connection: psycopg.Connection, client: redis.Redis) -> None:
    connection.execute(_ADD, (3,))
    with feed.connect("unix:///nowhere/valkey.sock") as unreachable, pytest.raises(ServiceError, match="Redis"):
        outbox.drain(connection, unreachable)
    assert connection.execute("SELECT count(*) FROM outbox").fetchone() == (3,)
    assert outbox.drain(connection, client) == 3


def test_sequence_numbers_are_committed_in_the_order_of_assignment(database_url: str, client: redis.Redis) -> None:
    with connect(database_url) as first, connect(database_url) as second:
        second.execute("SET lock_timeout = '50ms'")
        with transaction(first):
            outbox.lock(first)
            first.execute(_ADD, (1,))
            for work in (lambda: outbox.lock(second), lambda: outbox.drain(second, client)):
                with pytest.raises(ServiceError, match="lock timeout"), transaction(second):
                    work()
        assert outbox.drain(second, client) == 1


def test_sequence_is_advanced_to_the_newest_number_in_the_feed(
    connection: psycopg.Connection, client: redis.Redis
) -> None:
    outbox.advance(connection, client)
    assert connection.execute(_ADD, (1,)).fetchone() == (1,)
    feed.publish(client, "alerts", [(70, b"{}")])
    outbox.advance(connection, client)
    assert connection.execute(_ADD, (1,)).fetchone() == (71,)
    outbox.advance(connection, client)
    assert connection.execute(_ADD, (1,)).fetchone() == (72,)
