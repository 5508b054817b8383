"""The ledger holds exactly the results, for all batch sizes and crashes."""

from datetime import timedelta
from typing import Any

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

from domain.errors import SetupError
from flows import account_records
from flows.sinks.ledger import LedgerSink
from store import feed, signals
from tests.flows.market import WORDS, decided
from tests.flows.sinks.ledger import (
    TABLES,
    announced,
    begin_anew,
    concluded,
    contents,
    emitted,
    opened,
    write,
)
from tests.store.conftest import AsyncCaller


def test_the_ledger_holds_all_results(
    addresses: tuple[str, str], connection: psycopg.Connection, client: redis.Redis, call: AsyncCaller
) -> None:
    partition = opened(addresses)
    write(partition, decided(), 7)
    assert call(signals.LISTING.page, {}, limit=10_000) == concluded()
    assert dict.fromkeys(announced(client)) == dict.fromkeys(emitted().values())
    assert len(announced(client)) == len(emitted()) > 5
    assert not contents(connection)["outbox"]
    trades = [one for each in decided() for one in account_records.executions(each, WORDS)]
    last = {trade.id: trade for trade in sorted(trades, key=lambda trade: trade.updated_at)}
    stored = connection.execute("SELECT id, signal_id, outcome, pnl FROM trade_executions ORDER BY id").fetchall()
    assert stored == [(t.id, t.signal_id, t.outcome, t.pnl) for t in sorted(last.values(), key=lambda t: t.id)]
    untraded = "SELECT id FROM signals WHERE status = 'emitted' EXCEPT SELECT signal_id FROM trade_executions"
    assert connection.execute(untraded).fetchall() == [], "every emitted signal has an execution"
    ((trades_told, wins, pnl),) = connection.execute(
        "SELECT total_trades, wins, total_pnl FROM signal_performance WHERE signal_type = 'overall'"
    ).fetchall()
    ended = [trade for trade in last.values() if trade.outcome in ("win", "loss", "even")]
    assert (trades_told, wins) == (len(ended), sum(trade.outcome == "win" for trade in ended))
    assert pnl == pytest.approx(sum(trade.pnl or 0.0 for trade in ended))
    assert partition.snapshot() == feed.newest(client)
    partition.close()


@settings(suppress_health_check=list(HealthCheck), max_examples=8)
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
        partition.write_batch(list(decided()[start : start + size]))
    write(partition, decided(), cuts[0][1])
    partition.close()
    written = contents(connection)
    assert {table: written[table] for table in TABLES} == {table: reference[table] for table in TABLES}
    assert sorted(announced(client)) == sorted(emitted().values())


@settings(suppress_health_check=list(HealthCheck), max_examples=8)
@given(sizes=st.lists(st.integers(1, 15), min_size=1, max_size=60), back=st.integers(0, 20))
def test_sums_do_not_depend_on_batches_and_repetitions(
    addresses: tuple[str, str],
    connection: psycopg.Connection,
    client: redis.Redis,
    reference: dict[str, set[str]],
    sizes: list[int],
    back: int,
) -> None:
    begin_anew(connection, client)
    partition = opened(addresses)
    reached = 0
    for size in sizes:
        partition.write_batch(list(decided()[max(0, reached - back) : reached + size]))
        reached += size
    write(partition, decided()[reached:], 7)
    partition.close()
    assert len(reference["trade_days"]) > 20
    assert len(reference["outcome_days"]) > 5
    assert contents(connection) == reference


def test_a_replay_writes_and_publishes_nothing_new(
    addresses: tuple[str, str], connection: psycopg.Connection, client: redis.Redis, reference: dict[str, set[str]]
) -> None:
    before = announced(client)
    partition = opened(addresses)
    with client.pubsub() as listener:
        listener.subscribe(feed.key("signals"))
        assert listener.get_message(timeout=5)["type"] == "subscribe"
        write(partition, decided(), 3)
        client.publish(feed.key("signals"), b"the end")
        assert listener.get_message(timeout=5)["data"] == b"the end"
    partition.close()
    assert contents(connection) == reference
    assert announced(client) == before


def test_a_database_without_migrations_names_the_command(postgres_url: str, clean_redis_url: str) -> None:
    with pytest.raises(SetupError, match="run 'signalengine migrate'"):
        opened((postgres_url, clean_redis_url))


def test_sink_resumes_in_a_dataflow(
    addresses: tuple[str, str],
    connection: psycopg.Connection,
    client: redis.Redis,
    reference: dict[str, set[str]],
    tmp_path: Any,
) -> None:
    begin_anew(connection, client)
    init_db_dir(tmp_path, 1)
    recovery = RecoveryConfig(tmp_path, timedelta(0))
    items: list[Any] = [(f"key {at % 3}", each) for at, each in enumerate(decided())]
    items.insert(25, TestingSource.ABORT())
    flow = Dataflow("test")
    decisions = source("decisions", flow, TestingSource(items, batch_size=4))
    output("ledger", decisions, LedgerSink(*addresses, WORDS, timeout_s=0))
    for _ in range(2):
        run_main(flow, epoch_interval=timedelta(0), recovery_config=recovery)
    assert contents(connection) == reference
    assert sorted(announced(client)) == sorted(emitted().values())
