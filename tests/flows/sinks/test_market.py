"""The market tables hold exactly the results, for all batch sizes."""

from collections.abc import Sequence

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from domain.errors import ServiceError
from domain.slices import Slice
from flows.services import postgres as postgres_service
from flows.sinks.market import MarketPartition
from store.migrate import migrate
from store.postgres import connect
from tests.flows.market import WORDS, market
from tests.servers import server

TABLES = ("instruments", "bars", "events", "rejects", "gaps")


def contents(connection: psycopg.Connection) -> dict[str, set[str]]:
    return {
        table: {row for (row,) in connection.execute(f"SELECT {table}::text FROM {table}").fetchall()}
        for table in TABLES
    }


def write(url: str, batches: Sequence[Sequence[Slice]]) -> None:
    partition = MarketPartition(url, WORDS, timeout_s=60)
    for batch in batches:
        partition.write_batch(list(batch))
    partition.close()


@pytest.fixture
def reference(database_url: str, connection: psycopg.Connection) -> dict[str, set[str]]:
    """The tables after one uninterrupted run."""
    write(database_url, [market()])
    return contents(connection)


def test_the_tables_hold_all_market_data(reference: dict[str, set[str]]) -> None:
    assert {table: len(rows) for table, rows in reference.items()} == {
        "instruments": 4,
        "bars": sum(each.bars.size for each in market()),
        "events": sum(each.events.size for each in market()),
        "rejects": 1,
        "gaps": 2,
    }


@settings(suppress_health_check=list(HealthCheck), max_examples=6)
@given(cuts=st.lists(st.tuples(st.integers(0, 39), st.integers(1, 15)), min_size=1, max_size=4))
def test_batches_and_repetitions_do_not_matter(
    database_url: str, connection: psycopg.Connection, reference: dict[str, set[str]], cuts: list[tuple[int, int]]
) -> None:
    connection.execute(f"TRUNCATE {', '.join(TABLES)}")
    size = cuts[0][1]
    pieces = [market()[start : start + length] for start, length in cuts]
    write(database_url, [*pieces, *(market()[at : at + size] for at in range(0, len(market()), size))])
    assert contents(connection) == reference


def test_a_lost_connection_to_postgres_neither_loses_nor_duplicates_rows(reference: dict[str, set[str]]) -> None:
    with server(postgres_service) as own:
        url = own.start()
        migrate(url)
        partition = MarketPartition(url, WORDS, timeout_s=60)
        partition.write_batch(list(market()[:10]))
        own.kill()
        own.start()
        partition.write_batch(list(market()[8:]))
        partition.close()
        with connect(url) as connection:
            assert contents(connection) == reference


def test_an_unavailable_postgres_ends_the_run() -> None:
    with server(postgres_service) as own:
        url = own.start()
        migrate(url)
        partition = MarketPartition(url, WORDS, timeout_s=0.3)
        own.stop()
        with pytest.raises(ServiceError, match=r"Postgres at .* does not answer"):
            partition.write_batch(list(market()))
        partition.close()
