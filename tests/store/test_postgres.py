import asyncio
from typing import Any

import psycopg
import pytest
from psycopg import errors

from domain.errors import ServiceError, SettingError, SetupError
from flows.services import postgres as service
from store.postgres import Pool, async_pool, connect, map_errors, transaction, write_transaction
from tests.servers import server
from tests.store.conftest import Asker

SESSION = (
    "SELECT current_setting('TimeZone'), current_setting('application_name'), current_setting('statement_timeout')"
)


async def fetch(pool: Any, query: str) -> Any:
    with map_errors():
        async with pool.connection() as connection:
            return await (await connection.execute(query)).fetchone()


def test_sessions_speak_utc_and_say_who_they_are(database_url: str, ask: Asker) -> None:
    with connect(database_url) as connection:
        assert connection.execute(SESSION).fetchone() == ("UTC", "signalengine", "1min")
    with connect(database_url, statement_timeout_s=0) as connection:
        assert connection.execute(SESSION).fetchone() == ("UTC", "signalengine", "0")
    assert ask(fetch, SESSION) == ("UTC", "signalengine api", "2s")
    assert ask(fetch, "SELECT current_setting('random_page_cost')") == ("1.1",)


@pytest.mark.parametrize(
    ("problem", "expected"),
    [
        (errors.DiskFull("could not extend file"), ServiceError),
        (errors.AdminShutdown("terminating connection"), ServiceError),
        (errors.DeadlockDetected("deadlock detected"), ServiceError),
        (errors.QueryCanceled("statement timeout"), ServiceError),
        (errors.ReadOnlySqlTransaction("cannot execute INSERT"), ServiceError),
        (psycopg.OperationalError("the connection is lost\nand more"), ServiceError),
        (errors.UndefinedTable('relation "bars" does not exist'), SetupError),
        (errors.CheckViolation("strength"), errors.CheckViolation),
    ],
)
def test_what_may_pass_is_told_from_what_is_wrong(problem: Exception, expected: type[Exception]) -> None:
    with pytest.raises(expected) as caught, map_errors():
        raise problem
    assert "\n" not in str(caught.value)


def test_a_transaction_is_all_or_nothing(database_url: str) -> None:
    def broken() -> None:
        with transaction(connection):
            connection.execute("INSERT INTO outbox (channel, payload) VALUES ('signals', '{}')")
            raise ZeroDivisionError

    with connect(database_url) as connection:
        with pytest.raises(ZeroDivisionError):
            broken()
        assert connection.execute("SELECT count(*) FROM outbox").fetchone() == (0,)


def test_the_pool_outlives_a_restart_and_names_an_outage() -> None:
    with server(service) as own, asyncio.Runner() as runner:
        pool = async_pool(own.start())
        runner.run(pool.open(wait=True))
        assert runner.run(fetch(pool, "SELECT 1")) == (1,)
        own.stop()
        with pytest.raises(ServiceError, match="Postgres"):
            runner.run(fetch(pool, "SELECT 1"))
        own.start()
        assert runner.run(fetch(pool, "SELECT 1")) == (1,)
        runner.run(pool.close())


@pytest.mark.parametrize("make", [connect, async_pool])
def test_an_address_that_is_none_says_how_to_write_one(make: Any) -> None:
    with pytest.raises(SettingError, match="postgresql://user:password@host:5432/database"):
        make("nonsense")


@pytest.mark.parametrize(
    "address",
    [
        "postgresql://joe:sec/ret@127.0.0.1:5432/market",
        "postgresql://joe:12/sec@127.0.0.1:5432/market",
        "postgresql://joe:sec ret@127.0.0.1/market",
        "postgres:/joe:secret@/market",
    ],
)
@pytest.mark.parametrize("make", [connect, async_pool])
def test_nothing_of_a_password_that_was_not_escaped_is_told(address: str, make: Any) -> None:
    with pytest.raises(SettingError, match="%2F") as refused:
        make(address)
    assert "sec" not in str(refused.value)


def test_the_pool_writes_in_one_transaction_and_reads_in_all_others(database_url: str, ask: Asker) -> None:
    insert = "INSERT INTO outbox (channel, payload) VALUES ('alerts', '{}')"

    async def write(pool: Pool, *, fail: bool) -> None:
        async with write_transaction(pool) as connection:
            await connection.execute(insert)
            if fail:
                raise ValueError

    async def read_only(pool: Pool) -> None:
        with map_errors():
            async with pool.connection() as connection:
                await connection.execute(insert)

    ask(write, fail=False)
    with pytest.raises(ValueError, match=r"^$"):
        ask(write, fail=True)
    for _ in range(3):
        with pytest.raises(ServiceError, match="read-only"):
            ask(read_only)
    with connect(database_url) as connection:
        assert connection.execute("SELECT count(*) FROM outbox").fetchone() == (1,)
