import asyncio
from typing import Any

import psycopg
import pytest
from psycopg import errors

from domain.errors import ServiceError, SettingError, SetupError
from flows.services import postgres as service
from store.postgres import Pool, async_pool, connect, map_errors, transaction, write_transaction
from tests.servers import server
from tests.store.conftest import AsyncCaller

SESSION = (
    "SELECT current_setting('TimeZone'), current_setting('application_name'), current_setting('statement_timeout')"
)


async def fetch(pool: Any, query: str) -> Any:
    with map_errors():
        async with pool.connection() as connection:
            return await (await connection.execute(query)).fetchone()


def test_sessions_use_utc_and_have_a_name(database_url: str, call: AsyncCaller) -> None:
    with connect(database_url) as connection:
        assert connection.execute(SESSION).fetchone() == ("UTC", "signalengine", "1min")
    with connect(database_url, statement_timeout_s=0) as connection:
        assert connection.execute(SESSION).fetchone() == ("UTC", "signalengine", "0")
    assert call(fetch, SESSION) == ("UTC", "signalengine api", "2s")
    assert call(fetch, "SELECT current_setting('random_page_cost')") == ("1.1",)


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
def test_errors_are_mapped(problem: Exception, expected: type[Exception]) -> None:
    with pytest.raises(expected) as caught, map_errors():
        raise problem
    assert "\n" not in str(caught.value)


def test_transaction_is_rolled_back_on_an_error(database_url: str) -> None:
    def fail() -> None:
        with transaction(connection):
            connection.execute("INSERT INTO outbox (channel, payload) VALUES ('signals', '{}')")
            raise ZeroDivisionError

    with connect(database_url) as connection:
        with pytest.raises(ZeroDivisionError):
            fail()
        assert connection.execute("SELECT count(*) FROM outbox").fetchone() == (0,)


def test_pool_survives_a_restart_and_reports_an_outage() -> None:
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
def test_invalid_address_is_refused_with_the_expected_form(make: Any) -> None:
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
def test_unescaped_password_is_not_quoted(address: str, make: Any) -> None:
    with pytest.raises(SettingError, match="%2F") as refused:
        make(address)
    assert "sec" not in str(refused.value)


def test_pool_is_read_only_but_for_write_transactions(database_url: str, call: AsyncCaller) -> None:
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

    call(write, fail=False)
    with pytest.raises(ValueError, match=r"^$"):
        call(write, fail=True)
    for _ in range(3):
        with pytest.raises(ServiceError, match="read-only"):
            call(read_only)
    with connect(database_url) as connection:
        assert connection.execute("SELECT count(*) FROM outbox").fetchone() == (1,)
