"""Shared by the tests of the ledger: a market's results, and how they are read back."""

from collections.abc import Sequence

import msgspec
import psycopg
import pytest
import redis

from domain.aligned import Aligned
from domain.signals import Signal
from flows import aligned_records
from flows.sinks.ledger import LedgerPartition
from store import feed, signals
from tests.flows.market import WORDS, decided

TABLES = (
    *("signals", "outcomes", "composite_signals", "trade_executions", "account_equity"),
    *("signal_performance", "confidence_buckets", "alerts", "outbox"),
)
SUMS = ("trade_days", "outcome_days", "forecast_days")
"""Of the rows of the others, in the order of time: a batch may come again, but none before those before it."""


@pytest.fixture
def addresses(database_url: str, clean_redis_url: str) -> tuple[str, str]:
    """A migrated database and an empty Valkey."""
    return database_url, clean_redis_url


def concluded() -> list[Signal]:
    """Every signal of the market with its outcome, newest first."""
    outcomes = {o.signal_id: o for each in decided() for o in aligned_records.outcomes(each, WORDS)}
    found = [s for each in decided() for s in aligned_records.signals(each, WORDS)]
    found = [msgspec.structs.replace(signal, outcome=outcomes.get(signal.id)) for signal in found]
    return sorted(found, key=lambda signal: (signal.detected_at, signal.id), reverse=True)


def emitted() -> dict[str, bytes]:
    """Id and payload of every signal that must be published."""
    found = [s for each in decided() for s in aligned_records.signals(each, WORDS) if s.status == "emitted"]
    return {signal.id: signals.payload(signal) for signal in found}


def contents(connection: psycopg.Connection) -> dict[str, set[str]]:
    """All rows of all tables, as text."""
    return {
        table: {row for (row,) in connection.execute(f"SELECT {table}::text FROM {table}").fetchall()}
        for table in (*TABLES, *SUMS)
    }


def announced(client: redis.Redis) -> list[bytes]:
    """Payloads on the feed, oldest first; Redis guarantees increasing ids."""
    return [fields[b"d"] for _, fields in client.xrange(feed.key("signals"))]


def write(partition: LedgerPartition, values: Sequence[Aligned], size: int) -> None:
    for at in range(0, len(values), size):
        partition.write_batch(list(values[at : at + size]))


def opened(addresses: tuple[str, str], *, state: int = 0, timeout_s: float = 0.0) -> LedgerPartition:
    return LedgerPartition(*addresses, WORDS, state, timeout_s=timeout_s)


@pytest.fixture
def reference(addresses: tuple[str, str], connection: psycopg.Connection) -> dict[str, set[str]]:
    """The tables after one uninterrupted run."""
    partition = opened(addresses)
    write(partition, decided(), 1_000)
    partition.close()
    return contents(connection)


def begin_anew(connection: psycopg.Connection, client: redis.Redis) -> None:
    connection.execute(f"TRUNCATE {', '.join((*TABLES, *SUMS))}")
    client.flushall()
