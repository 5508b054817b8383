"""Whales and wallets in Postgres are exactly the findings, for all batch sizes."""

from functools import cache

import psycopg
import pytest

from domain.blocks import wallets_block
from domain.whales import WhaleFindings
from flows import whale_records
from flows.sinks.whales import WhalePartition
from operators.grade_wallets import GradeWallets
from operators.spot_whales import SpotWhales
from store import wallets, whales
from tests.store.conftest import AsyncCaller
from tests.whales import EAGER, blocks, messy_log

ADDRESSES = [f"0x{number:02d}" + "11" * 3 for number in range(5)]


@cache
def found() -> tuple[WhaleFindings, ...]:
    """Findings of a log in which the address of one wallet is missing."""
    machine, graded = SpotWhales(EAGER), GradeWallets(EAGER)
    machine.on_batch([wallets_block(ADDRESSES)])
    return tuple(
        one
        for block in blocks(messy_log(7, 150))
        for each in machine.on_batch([block])[0]
        for one in graded.on_batch([each])[0]
    )


def run(database_url: str, size: int) -> None:
    partition = WhalePartition(database_url, timeout_s=0.0)
    for at in range(0, len(found()), size):
        partition.write_batch(list(found()[at : at + size]))
    partition.close()


def contents(connection: psycopg.Connection) -> list[list[str]]:
    tables = ("whale_trades", "wallets")
    return [sorted(row for (row,) in connection.execute(f"SELECT {name}::text FROM {name}")) for name in tables]


def test_findings_are_stored_with_their_names(database_url: str, call: AsyncCaller) -> None:
    run(database_url, 3)
    newest = {one.id: one for each in found() for one in whale_records.whales(each)}
    assert len(newest) > 20
    kept = call(whales.LISTING.page, {}, limit=1_000)
    assert {one.id: one for one in kept} == newest
    seen = {one.id: one for each in found() for one in whale_records.wallets(each)}
    assert any(wallet.isdigit() for wallet in seen)
    assert set(ADDRESSES) & seen.keys()
    for identity, wallet in seen.items():
        assert call(wallets.one, identity) == wallet


@pytest.mark.parametrize("size", [1, 1_000])
def test_batches_and_repetitions_do_not_matter(database_url: str, connection: psycopg.Connection, size: int) -> None:
    run(database_url, 7)
    expected = contents(connection)
    connection.execute("TRUNCATE whale_trades, wallets")
    run(database_url, size)
    assert contents(connection) == expected
    run(database_url, 5)
    assert contents(connection) == expected
