"""Opportunities in Postgres and on the feed, for all batch sizes and crashes."""

from itertools import pairwise

import msgspec
import numpy as np
import psycopg
import pytest
import redis

from domain.findings import OPPORTUNITY, BookCounts, Findings
from flows.sinks.opportunities import OpportunityPartition
from store import feed
from tests.opportunities import opportunity, settled

LIVES = [[opportunity(number, revision) for revision in range(3)] + [settled(number)] for number in range(5)]
FOUND = [
    Findings(at, [life[at] for life in LIVES], np.empty(0, OPPORTUNITY), BookCounts()) for at in range(len(LIVES[0]))
]


@pytest.fixture
def addresses(database_url: str, clean_redis_url: str) -> tuple[str, str]:
    return database_url, clean_redis_url


def stored(connection: psycopg.Connection) -> list[tuple[object, ...]]:
    return connection.execute(
        "SELECT id, revision, change, closed_at, net FROM arbitrage_opportunities ORDER BY id"
    ).fetchall()


def published(client: redis.Redis) -> list[tuple[str, int]]:
    payloads = [msgspec.json.decode(fields[b"d"]) for _, fields in client.xrange(feed.key("arbitrage"))]
    return [(each["id"], each["revision"]) for each in payloads]


def run(addresses: tuple[str, str], *batches: list[Findings]) -> int:
    partition = OpportunityPartition(*addresses, 0, timeout_s=0.0)
    for batch in batches:
        partition.write_batch(batch)
    partition.close()
    return partition.snapshot()


def test_the_newest_revision_is_stored_and_published_once_per_batch(
    addresses: tuple[str, str], connection: psycopg.Connection, client: redis.Redis
) -> None:
    announced = run(addresses, *([each] for each in FOUND))
    expected = [(life[-1].id, 3, "settled", life[-1].closed_at, life[-1].net) for life in LIVES]
    assert stored(connection) == expected
    assert len(published(client)) == 4 * len(LIVES)
    for one in LIVES:
        revisions = [revision for identity, revision in published(client) if identity == one[0].id]
        assert all(before < after for before, after in pairwise(revisions))
    assert announced == feed.newest(client)
    before = published(client)
    run(addresses, FOUND[1:3], FOUND)
    assert (stored(connection), published(client)) == (expected, before)


def test_batch_without_opportunities_does_not_query_postgres(
    addresses: tuple[str, str], connection: psycopg.Connection
) -> None:
    def last_query_at() -> object:
        return connection.execute(
            "SELECT max(query_start) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend'"
        ).fetchone()

    partition = OpportunityPartition(*addresses, 0, timeout_s=0.0)
    before = last_query_at()
    partition.write_batch([Findings(0, [], np.empty(0, OPPORTUNITY), BookCounts())])
    assert last_query_at() == before
    partition.write_batch(FOUND[:1])
    assert last_query_at() != before
    partition.close()


def test_committed_entries_are_published_at_the_next_start(
    addresses: tuple[str, str],
    connection: psycopg.Connection,
    client: redis.Redis,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    class Crash(Exception):
        pass

    def crash(*_: object) -> int:
        raise Crash

    partition = OpportunityPartition(*addresses, 0, timeout_s=0.0)
    with monkeypatch.context() as failpoint:
        failpoint.setattr(feed, "publish", crash)
        with pytest.raises(Crash):
            partition.write_batch(FOUND[:1])
    partition.close()
    assert (len(stored(connection)), published(client)) == (len(LIVES), [])
    run(addresses)
    assert sorted(published(client)) == [(life[0].id, 0) for life in LIVES]
