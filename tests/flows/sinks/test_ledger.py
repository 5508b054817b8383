"""The ledger holds exactly what was concluded, however the batches fall and whatever dies."""

import threading
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import msgspec
import psycopg
import pytest
import redis
from bytewax.dataflow import Dataflow
from bytewax.operators import input as source
from bytewax.operators import output
from bytewax.recovery import RecoveryConfig, init_db_dir
from bytewax.testing import TestingSource, run_main
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from domain.errors import ServiceError, SetupError
from domain.signals import Signal
from domain.slices import Slice
from flows import conclusions
from flows.services import postgres as postgres_service
from flows.services import valkey as valkey_service
from flows.sinks.ledger import LedgerPartition, LedgerSink
from store import feed, signals
from store.migrate import migrate
from store.postgres import connect
from store.signals import SignalFilter
from tests.flows.market import WORDS, market
from tests.servers import server
from tests.store.conftest import Asker

TABLES = ("instruments", "bars", "events", "signals", "outcomes", "rejects", "gaps", "outbox")


@pytest.fixture
def addresses(database_url: str, clean_redis_url: str) -> tuple[str, str]:
    """A migrated database and an empty Valkey."""
    return database_url, clean_redis_url


def concluded() -> list[Signal]:
    """Every signal of the market with its outcome, newest first."""
    outcomes = {o.signal_id: o for each in market() for o in conclusions.outcomes(each, WORDS)}
    found = [s for each in market() for s in conclusions.signals(each, WORDS)]
    found = [msgspec.structs.replace(signal, outcome=outcomes.get(signal.id)) for signal in found]
    return sorted(found, key=lambda signal: (signal.detected_at, signal.id), reverse=True)


def emitted() -> dict[str, bytes]:
    """Id and payload of every signal that must be announced."""
    found = [s for each in market() for s in conclusions.signals(each, WORDS) if s.status == "emitted"]
    return {signal.id: signals.payload(signal) for signal in found}


def contents(connection: psycopg.Connection) -> dict[str, set[str]]:
    """All rows of all tables, as text."""
    return {
        table: {row for (row,) in connection.execute(f"SELECT {table}::text FROM {table}").fetchall()}
        for table in TABLES
    }


def announced(client: redis.Redis) -> list[bytes]:
    """Payloads on the feed, oldest first; their numbers grow by themselves, since Redis insists."""
    return [fields[b"d"] for _, fields in client.xrange(feed.key("signals"))]


def write(partition: LedgerPartition, slices: Sequence[Slice], size: int) -> None:
    for at in range(0, len(slices), size):
        partition.write_batch(list(slices[at : at + size]))


def opened(addresses: tuple[str, str], *, state: int = 0, patience_s: float = 0.0) -> LedgerPartition:
    return LedgerPartition(*addresses, WORDS, state, patience_s=patience_s)


@pytest.fixture
def reference(addresses: tuple[str, str], connection: psycopg.Connection) -> dict[str, set[str]]:
    """The tables after one unbroken run."""
    partition = opened(addresses)
    write(partition, market(), 1_000)
    partition.close()
    return contents(connection)


def begin_anew(connection: psycopg.Connection, client: redis.Redis) -> None:
    connection.execute(f"TRUNCATE {', '.join(TABLES)}")
    client.flushall()


def test_the_ledger_holds_what_was_concluded(
    addresses: tuple[str, str], connection: psycopg.Connection, client: redis.Redis, ask: Asker
) -> None:
    partition = opened(addresses)
    write(partition, market(), 7)
    assert ask(signals.page, SignalFilter(status=None), limit=10_000) == concluded()
    assert dict.fromkeys(announced(client)) == dict.fromkeys(emitted().values())
    assert len(announced(client)) == len(emitted()) > 10
    found = contents(connection)
    assert len(found["bars"]) == sum(each.bars.size for each in market())
    assert len(found["events"]) == sum(each.events.size for each in market())
    assert len(found["instruments"]) == 4
    assert (len(found["gaps"]), len(found["rejects"]), len(found["outbox"])) == (2, 1, 0)
    assert partition.snapshot() == feed.newest(client)
    partition.close()


@settings(suppress_health_check=list(HealthCheck), max_examples=8, deadline=None)
@given(cuts=st.lists(st.tuples(st.integers(0, 39), st.integers(1, 15)), min_size=1, max_size=6))
def test_batches_and_repetitions_do_not_matter(
    addresses: tuple[str, str],
    connection: psycopg.Connection,
    client: redis.Redis,
    reference: dict[str, set[str]],
    cuts: list[tuple[int, int]],
) -> None:
    begin_anew(connection, client)
    partition = opened(addresses)
    for start, size in cuts:
        partition.write_batch(list(market()[start : start + size]))
    write(partition, market(), cuts[0][1])
    partition.close()
    assert contents(connection) == reference
    assert sorted(announced(client)) == sorted(emitted().values())


def test_a_replay_writes_and_announces_nothing(
    addresses: tuple[str, str], connection: psycopg.Connection, client: redis.Redis, reference: dict[str, set[str]]
) -> None:
    before = announced(client)
    partition = opened(addresses)
    with client.pubsub() as listener:
        listener.subscribe(feed.key("signals"))
        assert listener.get_message(timeout=5)["type"] == "subscribe"
        write(partition, market(), 3)
        client.publish(feed.key("signals"), b"the end")
        assert listener.get_message(timeout=5)["data"] == b"the end"
    partition.close()
    assert contents(connection) == reference
    assert announced(client) == before


class Crash(Exception):
    """Stands for the end of the process at one point."""


@pytest.mark.parametrize("point", ["before it is announced", "after it is announced"])
def test_a_crash_after_the_commit_loses_no_announcement(
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

    slices = list(market())
    at = next(at for at, each in enumerate(slices) if (each.candidates["status"] == 0).any())
    partition = opened(addresses)
    write(partition, slices[:at], 5)
    with monkeypatch.context() as failpoint:
        failpoint.setattr(feed, "publish", crash)
        with pytest.raises(Crash):
            partition.write_batch(slices[at : at + 1])
    partition.close()
    assert contents(connection)["outbox"], "the announcement waits"

    resumed = opened(addresses, state=partition.snapshot())
    assert not contents(connection)["outbox"], "and is made before anything else"
    assert announced(client) == [payload for payload in emitted().values() if payload in announced(client)] != []
    write(resumed, slices[at - 1 :], 4)
    resumed.close()
    assert contents(connection) == reference
    assert sorted(announced(client)) == sorted(emitted().values())


@pytest.mark.parametrize("end", ["stop", "kill"])
def test_a_lost_postgres_loses_and_doubles_nothing(
    reference: dict[str, set[str]], clean_redis_url: str, client: redis.Redis, end: str
) -> None:
    client.flushall()
    with server(postgres_service) as own:
        url = own.start()
        migrate(url)
        partition = opened((url, clean_redis_url), patience_s=60)
        problems: list[BaseException] = []
        written: list[Slice] = []
        begun = threading.Event()

        def work() -> None:
            try:
                for each in market():
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
        assert len(written) < len(market()), "it died in the middle"
        own.start()
        writer.join(120)
        assert not writer.is_alive()
        assert problems == []
        partition.close()
        with connect(url) as connection:
            assert contents(connection) == reference
    assert sorted(announced(client)) == sorted(emitted().values())


def test_a_postgres_that_stays_away_ends_the_run(clean_redis_url: str) -> None:
    with server(postgres_service) as own:
        url = own.start()
        migrate(url)
        partition = opened((url, clean_redis_url), patience_s=0.3)
        own.stop()
        with pytest.raises(ServiceError, match=r"Postgres at .* does not answer"):
            partition.write_batch(list(market()))
        with pytest.raises(ServiceError, match=r"Postgres at .* does not answer"):
            opened((url, clean_redis_url), patience_s=0.1)
        partition.close()


def test_a_redis_that_comes_back_empty_hears_of_the_rest_in_a_new_epoch(
    database_url: str, connection: psycopg.Connection
) -> None:
    slices = list(market())
    with server(valkey_service) as own:
        url = own.start()
        partition = opened((database_url, url), patience_s=60)
        write(partition, slices[:30], 5)
        with feed.connect(url) as client:
            before = announced(client)
            feed.renew_epoch(client)
            epoch = client.get("feed:epoch")
        assert before
        own.kill()
        writer = threading.Thread(target=write, args=(partition, slices[30:], 5))
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


def test_a_feed_that_lost_its_end_gets_a_new_epoch(addresses: tuple[str, str], client: redis.Redis) -> None:
    slices = list(market())
    partition = opened(addresses)
    write(partition, slices[:30], 5)
    feed.renew_epoch(client)
    epoch = client.get("feed:epoch")
    newest = feed.newest(client)
    opened(addresses, state=newest).close()
    assert client.get("feed:epoch") == epoch
    client.xdel(feed.key("signals"), f"{newest}-0")
    partition.close()
    opened(addresses, state=newest).close()
    assert client.get("feed:epoch") not in (None, epoch)


def test_a_database_that_began_anew_is_heard_on_an_old_feed(
    addresses: tuple[str, str], connection: psycopg.Connection, client: redis.Redis
) -> None:
    feed.publish(client, "alerts", [(500, b"{}")])
    partition = opened(addresses)
    write(partition, market(), 50)
    partition.close()
    assert sorted(announced(client)) == sorted(emitted().values())
    assert feed.newest(client) == 500 + len(emitted())


def test_two_writers_lose_no_announcement(
    addresses: tuple[str, str], connection: psycopg.Connection, client: redis.Redis, reference: dict[str, set[str]]
) -> None:
    begin_anew(connection, client)
    partitions = [opened(addresses), opened(addresses)]
    threads = [
        threading.Thread(target=write, args=(partition, market()[at::2], 1)) for at, partition in enumerate(partitions)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
    for partition in partitions:
        partition.close()
    assert contents(connection) == reference
    assert sorted(announced(client)) == sorted(emitted().values())


def test_a_database_that_was_not_migrated_says_what_to_run(postgres_url: str, clean_redis_url: str) -> None:
    with pytest.raises(SetupError, match="run 'signalengine migrate'"):
        opened((postgres_url, clean_redis_url))


def test_it_is_a_sink_of_bytewax_that_resumes(
    addresses: tuple[str, str],
    connection: psycopg.Connection,
    client: redis.Redis,
    reference: dict[str, set[str]],
    tmp_path: Any,
) -> None:
    begin_anew(connection, client)
    init_db_dir(tmp_path, 1)
    recovery = RecoveryConfig(tmp_path, timedelta(0))
    items: list[Any] = [(f"key {at % 3}", each) for at, each in enumerate(market())]
    items.insert(25, TestingSource.ABORT())
    flow = Dataflow("test")
    slices = source("slices", flow, TestingSource(items, batch_size=4))
    output("ledger", slices, LedgerSink(*addresses, WORDS, patience_s=0))
    for _ in range(2):
        run_main(flow, epoch_interval=timedelta(0), recovery_config=recovery)
    assert contents(connection) == reference
    assert sorted(announced(client)) == sorted(emitted().values())
