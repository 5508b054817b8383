"""Hot lists between two queries to Postgres."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from typing import Any

import msgspec
import psycopg
import pytest

from api.memory import hot_list
from api.memory.hot_list import IDLE_S
from api.memory.hot_lists import HotLists
from domain.signals import Signal
from store import composites, opportunities, signals
from store.listing import Listing
from store.postgres import async_pool, connect
from tests.api.builders import emitted
from tests.api.endpoints.test_composites import composite
from tests.opportunities import opportunity, settled

ROWS = 16


@pytest.fixture
def connection(database_url: str) -> Iterator[psycopg.Connection]:
    with connect(database_url) as opened:
        yield opened


def run(
    database_url: str, check: Callable[[HotLists], Awaitable[None]], steady_s: Callable[[], float] = time.perf_counter
) -> None:
    """Run a check on lists that are loaded and subscribed to the feed."""

    async def load() -> None:
        async with async_pool(database_url) as pool:
            hot_lists = HotLists(pool, ROWS, steady_s)
            hot_lists.set_subscribed(subscribed=True)
            await hot_lists.refresh()
            await check(hot_lists)

    asyncio.run(load())


def ids_in_memory(hot_lists: HotLists) -> list[str]:
    """Ids of the signals in memory, newest first."""
    recent = hot_lists.signals.rows()
    assert recent is not None
    return [row.projection.id for row in recent]


def total(hot_lists: HotLists) -> int | None:
    """Total number of signals; None if memory does not know it."""
    recent = hot_lists.signals.rows()
    assert recent is not None
    return recent.total


def newest(rows: Sequence[Signal]) -> list[str]:
    """Ids of the newest rows, as many as a list holds."""
    return [row.id for row in reversed(rows)][:ROWS]


def after_reading(
    monkeypatch: pytest.MonkeyPatch, listing: Listing[Any], then: Callable[[Sequence[str]], None]
) -> None:
    """Call `then` whenever rows were read by id, before the list receives them."""
    get_many = listing.get_many

    async def get_many_then(pool: Any, ids: Sequence[str]) -> list[Any]:
        rows = await get_many(pool, ids)
        then(ids)
        return rows

    monkeypatch.setattr(listing, "get_many", get_many_then)


def test_a_feed_entry_is_newer_than_a_row_being_read(
    database_url: str, connection: psycopg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def check(hot_lists: HotLists) -> None:
        opportunities.write(connection, [opportunity(1)])
        closed = msgspec.json.encode(settled(1))
        after_reading(monkeypatch, opportunities.LISTING, lambda _: hot_lists.apply("arbitrage", closed))
        await hot_lists.refresh()
        recent = hot_lists.opportunities.rows()
        assert recent is not None
        assert list(recent) == []

    run(database_url, check)


def test_a_flood_of_unannounced_rows_is_not_read_by_id(
    database_url: str, connection: psycopg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def check(hot_lists: HotLists) -> None:
        read: list[int] = []
        after_reading(monkeypatch, signals.LISTING, lambda ids: read.append(len(ids)))
        flood = [emitted(number) for number in range(10 * ROWS)]
        signals.write(connection, flood)
        await hot_lists.refresh()
        assert ids_in_memory(hot_lists) == newest(flood)
        assert total(hot_lists) == len(flood)
        assert read == []

    run(database_url, check)


def test_a_total_that_was_never_counted_has_the_age_of_the_rows(database_url: str) -> None:
    """Memory held the whole list, so the number of rows evicted since is exact."""

    async def check(hot_lists: HotLists) -> None:
        for number in range(2 * ROWS):
            hot_lists.apply("signals", signals.payload(emitted(number)))
        assert total(hot_lists) == 2 * ROWS > len(ids_in_memory(hot_lists))
        assert 0 <= hot_lists.signals.total_age_s < 60

    run(database_url, check)


def test_a_locked_table_blocks_no_other_list(database_url: str, connection: psycopg.Connection) -> None:
    async def check(hot_lists: HotLists) -> None:
        composites.write(connection, [composite(1)])
        with connection.transaction():
            connection.execute("LOCK TABLE signals")
            await hot_lists.refresh()
        recent = hot_lists.composites.rows()
        assert recent is not None
        assert len(recent) == 1

    run(database_url, check)


def test_too_many_pending_entries_make_the_list_load_again(
    database_url: str, connection: psycopg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hot_list, "PENDING_MAX", 3)
    rows = [emitted(number) for number in range(8)]

    def announce(_: Sequence[str]) -> None:
        signals.write(connection, rows)
        for row in rows:
            current[0].apply("signals", signals.payload(row))

    current: list[HotLists] = []

    async def check(hot_lists: HotLists) -> None:
        current.append(hot_lists)
        signals.write(connection, rows[:1])
        after_reading(monkeypatch, signals.LISTING, announce)
        await hot_lists.refresh()
        assert hot_lists.signals.rows() is None
        await hot_lists.refresh()
        assert ids_in_memory(hot_lists) == newest(rows)

    run(database_url, check)


def test_a_list_that_lost_most_of_its_rows_loads_again(database_url: str, connection: psycopg.Connection) -> None:
    rows = [emitted(number) for number in range(3 * ROWS)]
    signals.write(connection, rows)

    async def check(hot_lists: HotLists) -> None:
        assert ids_in_memory(hot_lists) == newest(rows)
        deleted = rows[-ROWS + 2 :]
        connection.execute("DELETE FROM signals WHERE id = ANY(%s)", ([row.id for row in deleted],))
        await hot_lists.refresh()
        assert ids_in_memory(hot_lists) == [row.id for row in reversed(rows[-ROWS : -ROWS + 2])]
        await hot_lists.refresh()
        assert ids_in_memory(hot_lists) == newest(rows[: -ROWS + 2])
        assert total(hot_lists) == len(rows) - len(deleted)

    run(database_url, check)


def test_a_late_row_makes_the_older_rows_be_counted_again(database_url: str, connection: psycopg.Connection) -> None:
    late, *rows = [emitted(number) for number in range(2 * ROWS)]
    signals.write(connection, rows)

    async def check(hot_lists: HotLists) -> None:
        assert total(hot_lists) == len(rows)
        signals.write(connection, [late])
        hot_lists.apply("signals", signals.payload(late))
        assert total(hot_lists) is None
        await hot_lists.refresh()
        assert total(hot_lists) == len(rows) + 1
        assert ids_in_memory(hot_lists) == newest(rows)

    run(database_url, check)


def test_an_idle_list_is_not_refreshed_until_it_is_requested(database_url: str, connection: psycopg.Connection) -> None:
    now_s = [1_000.0]

    async def check(hot_lists: HotLists) -> None:
        assert ids_in_memory(hot_lists) == []
        signals.write(connection, [emitted(1)])
        now_s[0] += IDLE_S + 1
        await hot_lists.refresh()
        assert hot_lists.signals.rows() is None
        await hot_lists.refresh()
        assert ids_in_memory(hot_lists) == [emitted(1).id]

    run(database_url, check, lambda: now_s[0])
