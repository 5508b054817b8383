"""What happens between one question to Postgres and the next."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from typing import Any

import msgspec
import psycopg
import pytest

from api.memory.hot_lists import HotLists
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


def run(database_url: str, check: Callable[[HotLists], Awaitable[None]]) -> None:
    """Check lists that follow the feed and have begun."""

    async def begin() -> None:
        async with async_pool(database_url) as pool:
            hot = HotLists(pool, ROWS, time.perf_counter)
            hot.follow(followed=True)
            await hot.refresh()
            await check(hot)

    asyncio.run(begin())


def after_reading(
    monkeypatch: pytest.MonkeyPatch, listing: Listing[Any], then: Callable[[Sequence[str]], None]
) -> None:
    """Do something whenever rows of some ids were read, before anybody sees them."""
    read = listing.some

    async def some(pool: Any, ids: Sequence[str]) -> list[Any]:
        found = await read(pool, ids)
        then(ids)
        return found

    monkeypatch.setattr(listing, "some", some)


def test_what_the_feed_tells_is_newer_than_what_is_being_read(
    database_url: str, connection: psycopg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def check(hot: HotLists) -> None:
        opportunities.write(connection, [opportunity(1)])
        closed = msgspec.json.encode(settled(1))
        after_reading(monkeypatch, opportunities.LISTING, lambda _: hot.take("arbitrage", closed))
        await hot.refresh()
        recent = hot.opportunities.recent()
        assert recent is not None
        assert list(recent) == []

    run(database_url, check)


def test_a_flood_that_nobody_announced_is_not_read_whole(
    database_url: str, connection: psycopg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def check(hot: HotLists) -> None:
        read: list[int] = []
        after_reading(monkeypatch, signals.LISTING, lambda ids: read.append(len(ids)))
        flood = [emitted(number) for number in range(10 * ROWS)]
        signals.write(connection, flood)
        await hot.refresh()
        recent = hot.signals.recent()
        assert recent is not None
        assert [kept.row.id for kept in recent] == [row.id for row in reversed(flood)][:ROWS]
        assert recent.total == len(flood)
        assert read == []

    run(database_url, check)


def test_a_total_that_was_never_counted_is_as_old_as_the_rows(database_url: str) -> None:
    """The list was whole, so what it forgets since is known to the row."""

    async def check(hot: HotLists) -> None:
        for number in range(2 * ROWS):
            hot.take("signals", signals.payload(emitted(number)))
        recent = hot.signals.recent()
        assert recent is not None
        assert recent.total == 2 * ROWS > len(recent)
        assert 0 <= hot.signals.total_age_s < 60

    run(database_url, check)


def test_a_table_that_is_locked_stops_no_other_list(database_url: str, connection: psycopg.Connection) -> None:
    async def check(hot: HotLists) -> None:
        composites.write(connection, [composite(1)])
        with connection.transaction():
            connection.execute("LOCK TABLE signals")
            await hot.refresh()
        recent = hot.composites.recent()
        assert recent is not None
        assert len(recent) == 1

    run(database_url, check)
