"""The ledger when a service is unavailable, or returns with lost data."""

import threading
from typing import Any

import psycopg
import pytest
import redis

from domain.aligned import Aligned
from domain.errors import ServiceError
from flows.services import postgres as postgres_service
from flows.services import valkey as valkey_service
from store import feed
from store.migrate import migrate
from store.postgres import connect
from tests.flows.market import decided
from tests.flows.sinks.ledger import (
    announced,
    begin_anew,
    contents,
    emitted,
    opened,
    write,
)
from tests.servers import server


class Crash(Exception):
    """Simulates the end of the process at one point."""


@pytest.mark.parametrize("point", ["before it is announced", "after it is announced"])
def test_a_crash_after_the_commit_loses_no_publication(
    addresses: tuple[str, str],
    connection: psycopg.Connection,
    client: redis.Redis,
    reference: dict[str, set[str]],
    monkeypatch: pytest.MonkeyPatch,
    point: str,
) -> None:
    begin_anew(connection, client)
    publish = feed.publish

    def crash(*arguments: Any) -> int:
        if point == "after it is announced":
            publish(*arguments)
        raise Crash

    decisions = list(decided())
    at = next(at for at, each in enumerate(decisions) if (each.candidates["status"] == 0).any())
    partition = opened(addresses)
    write(partition, decisions[:at], 5)
    with monkeypatch.context() as failpoint:
        failpoint.setattr(feed, "publish", crash)
        with pytest.raises(Crash):
            partition.write_batch(decisions[at : at + 1])
    partition.close()
    assert contents(connection)["outbox"], "the announcement waits"

    resumed = opened(addresses, state=partition.snapshot())
    assert not contents(connection)["outbox"], "and is made before anything else"
    assert announced(client) == [payload for payload in emitted().values() if payload in announced(client)] != []
    write(resumed, decisions[at - 1 :], 4)
    resumed.close()
    assert contents(connection) == reference
    assert sorted(announced(client)) == sorted(emitted().values())


@pytest.mark.parametrize("end", ["stop", "kill"])
def test_a_lost_connection_to_postgres_neither_loses_nor_duplicates_rows(
    reference: dict[str, set[str]], clean_redis_url: str, client: redis.Redis, end: str
) -> None:
    client.flushall()
    with server(postgres_service) as own:
        url = own.start()
        migrate(url)
        partition = opened((url, clean_redis_url), timeout_s=60)
        problems: list[BaseException] = []
        written: list[Aligned] = []
        begun = threading.Event()

        def work() -> None:
            try:
                for each in decided():
                    partition.write_batch([each])
                    written.append(each)
                    if len(written) == 10:
                        begun.set()
            except BaseException as problem:
                problems.append(problem)

        writer = threading.Thread(target=work)
        writer.start()
        assert begun.wait(60)
        getattr(own, end)()
        assert len(written) < len(decided()), "it died in the middle"
        own.start()
        writer.join(120)
        assert not writer.is_alive()
        assert problems == []
        partition.close()
        with connect(url) as connection:
            assert contents(connection) == reference
    assert sorted(announced(client)) == sorted(emitted().values())


def test_an_unavailable_postgres_ends_the_run(clean_redis_url: str) -> None:
    with server(postgres_service) as own:
        url = own.start()
        migrate(url)
        partition = opened((url, clean_redis_url), timeout_s=0.3)
        own.stop()
        with pytest.raises(ServiceError, match=r"Postgres at .* does not answer"):
            partition.write_batch(list(decided()))
        with pytest.raises(ServiceError, match=r"Postgres at .* does not answer"):
            opened((url, clean_redis_url), timeout_s=0.1)
        partition.close()


def test_a_redis_that_lost_its_data_starts_a_new_epoch(database_url: str, connection: psycopg.Connection) -> None:
    decisions = list(decided())
    with server(valkey_service) as own:
        url = own.start()
        partition = opened((database_url, url), timeout_s=60)
        write(partition, decisions[:30], 5)
        with feed.connect(url) as client:
            before = announced(client)
            feed.renew_epoch(client)
            epoch = client.get("feed:epoch")
        assert before
        own.kill()
        writer = threading.Thread(target=write, args=(partition, decisions[30:], 5))
        writer.start()
        own.start()
        writer.join(120)
        assert not writer.is_alive()
        partition.close()
        with feed.connect(url) as client:
            after = announced(client)
            assert client.get("feed:epoch") != epoch
    assert after
    assert set(before) | set(after) == set(emitted().values())
    assert not contents(connection)["outbox"]


def test_a_feed_that_lost_its_newest_entries_gets_a_new_epoch(addresses: tuple[str, str], client: redis.Redis) -> None:
    decisions = list(decided())
    partition = opened(addresses)
    write(partition, decisions[:30], 5)
    feed.renew_epoch(client)
    epoch = client.get("feed:epoch")
    newest = feed.newest(client)
    opened(addresses, state=newest).close()
    assert client.get("feed:epoch") == epoch
    assert sum(client.xdel(feed.key(channel), f"{newest}-0") for channel in feed.CHANNELS) == 1
    partition.close()
    opened(addresses, state=newest).close()
    assert client.get("feed:epoch") not in (None, epoch)


def test_a_recreated_database_publishes_to_an_old_feed(
    addresses: tuple[str, str], connection: psycopg.Connection, client: redis.Redis
) -> None:
    feed.publish(client, "alerts", [(500, b"{}")])
    partition = opened(addresses)
    write(partition, decided(), 50)
    partition.close()
    assert sorted(announced(client)) == sorted(emitted().values())
    (last_value,) = connection.execute("SELECT last_value FROM outbox_seq_seq").fetchone() or ()
    assert feed.newest(client) == last_value > 500 + len(emitted())


def test_two_writers_lose_no_publication(
    addresses: tuple[str, str], connection: psycopg.Connection, client: redis.Redis, reference: dict[str, set[str]]
) -> None:
    begin_anew(connection, client)
    partitions = [opened(addresses), opened(addresses)]
    threads = [
        threading.Thread(target=write, args=(partition, decided()[at::2], 1)) for at, partition in enumerate(partitions)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
    for partition in partitions:
        partition.close()
    assert contents(connection) == reference
    assert sorted(announced(client)) == sorted(emitted().values())
