from concurrent.futures import ThreadPoolExecutor

import numpy as np
import psycopg

from store import webhooks
from store.partitions import create_missing
from store.postgres import connect


def test_each_partition_is_created_once(connection: psycopg.Connection) -> None:
    times = np.array(["2024-01-01T00:00:00", "2013-10-31T23:59:59.999999", "2024-01-31"], "datetime64[us]")
    assert sorted(create_missing(connection, "bars", times)) == ["bars_2013_10", "bars_2024_01"]
    assert create_missing(connection, "bars", times) == []
    assert create_missing(connection, "events", times[:1]) == ["events_2024_01"]
    assert create_missing(connection, "bars", times[:0]) == []


def test_bounds_are_in_utc_in_any_session_time_zone(connection: psycopg.Connection) -> None:
    connection.execute("SET TimeZone = 'Asia/Kolkata'")
    create_missing(connection, "bars", np.array(["2024-12-05"], "datetime64[us]"))
    connection.execute("SET TimeZone = 'UTC'")
    bounds = connection.execute(
        "SELECT pg_get_expr(relpartbound, oid) FROM pg_class WHERE relname = 'bars_2024_12'"
    ).fetchone()
    assert bounds == ("FOR VALUES FROM ('2024-12-01 00:00:00+00') TO ('2025-01-01 00:00:00+00')",)


def test_concurrent_sessions_create_a_partition_once(database_url: str) -> None:
    times = np.array(["2024-02-01", "2024-03-01"], "datetime64[us]")

    def work(_: int) -> list[str]:
        with connect(database_url) as connection:
            return create_missing(connection, "events", times)

    with ThreadPoolExecutor(6) as threads:
        created = list(threads.map(work, range(6)))
    assert sorted(name for names in created for name in names) == ["events_2024_02", "events_2024_03"]


def test_partition_is_created_while_webhooks_are_delivered(connection: psycopg.Connection, database_url: str) -> None:
    with connect(database_url) as other:
        assert webhooks.try_lock(other)
        connection.execute("SET lock_timeout = '50ms'")
        assert create_missing(connection, "bars", np.array(["2024-04-01"], "datetime64[us]")) == ["bars_2024_04"]


def test_partition_has_the_indexes_of_its_table(connection: psycopg.Connection) -> None:
    create_missing(connection, "events", np.array(["2024-02-01"], "datetime64[us]"))
    indexes = connection.execute(
        "SELECT tablename, count(*) FROM pg_indexes WHERE tablename LIKE 'events%' GROUP BY 1 ORDER BY 1"
    ).fetchall()
    assert indexes == [("events", 2), ("events_2024_02", 2)]
