"""What happens between one question to Postgres and the next."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from typing import Any

import msgspec
import psycopg
import pytest

from api.memory import hot_list
from api.memory.hot_list import ASKED_S
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
    """Check lists that follow the feed and have begun."""

    async def begin() -> None:
        async with async_pool(database_url) as pool:
            hot = HotLists(pool, ROWS, steady_s)
            hot.follow(followed=True)
            await hot.refresh()
            await check(hot)

    asyncio.run(begin())


def shown(hot: HotLists) -> list[str]:
    """Ids of the signals in memory, newest first."""
    recent = hot.signals.recent()
    assert recent is not None
    return [kept.row.id for kept in recent]


def total(hot: HotLists) -> int | None:
    """How many signals there are in all, as far as memory knows."""
    recent = hot.signals.recent()
    assert recent is not None
    return recent.total


def newest(rows: Sequence[Signal]) -> list[str]:
    """Ids of as many as are kept at most."""
    return [row.id for row in reversed(rows)][:ROWS]


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
        assert shown(hot) == newest(flood)
        assert total(hot) == len(flood)
        assert read == []

    run(database_url, check)


def test_a_total_that_was_never_counted_is_as_old_as_the_rows(database_url: str) -> None:
    """The list was whole, so what it forgets since is known to the row."""

    async def check(hot: HotLists) -> None:
        for number in range(2 * ROWS):
            hot.take("signals", signals.payload(emitted(number)))
        assert total(hot) == 2 * ROWS > len(shown(hot))
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


def test_more_entries_than_can_wait_make_the_list_begin_anew(
    database_url: str, connection: psycopg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hot_list, "WAITING_MAX", 3)
    rows = [emitted(number) for number in range(8)]

    def tell(_: Sequence[str]) -> None:
        signals.write(connection, rows)
        for row in rows:
            hot_now[0].take("signals", signals.payload(row))

    hot_now: list[HotLists] = []

    async def check(hot: HotLists) -> None:
        hot_now.append(hot)
        signals.write(connection, rows[:1])
        after_reading(monkeypatch, signals.LISTING, tell)
        await hot.refresh()
        assert hot.signals.recent() is None
        await hot.refresh()
        assert shown(hot) == newest(rows)

    run(database_url, check)


def test_a_list_that_lost_most_of_its_rows_begins_anew(database_url: str, connection: psycopg.Connection) -> None:
    rows = [emitted(number) for number in range(3 * ROWS)]
    signals.write(connection, rows)

    async def check(hot: HotLists) -> None:
        assert shown(hot) == newest(rows)
        gone = rows[-ROWS + 2 :]
        connection.execute("DELETE FROM signals WHERE id = ANY(%s)", ([row.id for row in gone],))
        await hot.refresh()
        assert shown(hot) == [row.id for row in reversed(rows[-ROWS : -ROWS + 2])]
        await hot.refresh()
        assert shown(hot) == newest(rows[: -ROWS + 2])
        assert total(hot) == len(rows) - len(gone)

    run(database_url, check)


def test_after_a_late_row_the_rows_beneath_are_counted_anew(database_url: str, connection: psycopg.Connection) -> None:
    late, *rows = [emitted(number) for number in range(2 * ROWS)]
    signals.write(connection, rows)

    async def check(hot: HotLists) -> None:
        assert total(hot) == len(rows)
        signals.write(connection, [late])
        hot.take("signals", signals.payload(late))
        assert total(hot) is None
        await hot.refresh()
        assert total(hot) == len(rows) + 1
        assert shown(hot) == newest(rows)

    run(database_url, check)


def test_a_list_that_nobody_asks_for_is_left_alone_until_somebody_does(
    database_url: str, connection: psycopg.Connection
) -> None:
    now_s = [1_000.0]

    async def check(hot: HotLists) -> None:
        assert shown(hot) == []
        signals.write(connection, [emitted(1)])
        now_s[0] += ASKED_S + 1
        await hot.refresh()
        assert hot.signals.recent() is None
        await hot.refresh()
        assert shown(hot) == [emitted(1).id]

    run(database_url, check, lambda: now_s[0])
