"""Postgres: how we connect, and what a lost connection is called.

Every session speaks UTC, bounds its statements in time, and says who it is in `pg_stat_activity`.
"""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Any

import psycopg
from psycopg import errors
from psycopg.conninfo import conninfo_to_dict
from psycopg_pool import AsyncConnectionPool

from domain.errors import ServiceError, SettingError, SetupError
from store import arrays

Connection = psycopg.Connection
Pool = AsyncConnectionPool[psycopg.AsyncConnection]

_SESSION = """
SELECT set_config('TimeZone', 'UTC', false),
       set_config('statement_timeout', %s, false),
       set_config('lock_timeout', %s, false),
       set_config('idle_in_transaction_session_timeout', '60s', false),
       set_config('default_transaction_read_only', %s, false)
"""
_KEEPALIVE: dict[str, Any] = {
    "keepalives_idle": 30,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 30_000,
}
"""A peer that vanished without a word is found out in 45 s at most."""


_USUAL = {"host": "localhost", "port": 5432, "dbname": ""}


def connect(url: str, *, statement_timeout_s: float = 60) -> psycopg.Connection:
    """A connection for the engine, in autocommit: a transaction is opened where one is meant.

    Parameters
    ----------
    url
        `postgresql://…`, usually `DATABASE_URL`.
    statement_timeout_s
        Seconds a statement may take; 0 means no limit.

    Raises
    ------
    SettingError
        If `url` is not one.
    ServiceError
        If Postgres does not answer.
    """
    place = _place(url)
    try:
        connection = psycopg.connect(
            url, autocommit=True, connect_timeout=5, application_name="signalengine", **_KEEPALIVE
        )
        connection.execute(_SESSION, (f"{statement_timeout_s * 1000:.0f}", "10s", "off"))
    except psycopg.OperationalError as problem:
        raise ServiceError(
            f"Postgres at {place} does not answer ({_first_line(problem)}); start it, or give another DATABASE_URL"
        ) from problem
    arrays.register(connection)
    return connection


def async_pool(url: str, *, max_size: int = 8) -> Pool:
    """A pool of reading connections for the API, not yet open: `await pool.open()` in its lifespan.

    What has to be written is written in `write_transaction`.

    Connections are tried before they are lent out, so a restart of Postgres costs nobody a request.

    Raises
    ------
    SettingError
        If `url` is not one.
    """
    _place(url)
    return AsyncConnectionPool(
        url,
        kwargs={"autocommit": True, "connect_timeout": 5, "application_name": "signalengine api", **_KEEPALIVE},
        min_size=1,
        max_size=max_size,
        timeout=2,
        max_waiting=500,  # who would wait behind so many is told at once
        max_lifetime=3600,
        reconnect_timeout=4,  # the pauses between attempts double: without an end, one begins anew with who asks next
        open=False,
        check=AsyncConnectionPool.check_connection,
        configure=_configure,
        name="signalengine api",
    )


@contextmanager
def map_errors() -> Iterator[None]:
    """Names what Postgres may do to us at any time; everything else is a bug and passes.

    Raises
    ------
    ServiceError
        If the connection is lost, the pool is exhausted, the disk is full, a time limit is passed, or
        Postgres is about to stop or cannot write: to try again may help.
    SetupError
        If a table is not there, since the database was not migrated; or if we may not do that to it.
    """
    try:
        yield
    except (psycopg.OperationalError, errors.ReadOnlySqlTransaction) as problem:
        raise ServiceError(f"Postgres: {_first_line(problem)}") from problem
    except (errors.UndefinedTable, errors.UndefinedColumn) as problem:
        raise SetupError(f"{_first_line(problem)}: the database is behind; run 'signalengine migrate'") from problem
    except errors.InsufficientPrivilege as problem:
        raise SetupError(f"{_first_line(problem)}; grant it to the user of DATABASE_URL") from problem


@contextmanager
def transaction(connection: Connection) -> Iterator[None]:
    """All of it or nothing.

    Raises
    ------
    ServiceError, SetupError
        As `map_errors` does; also if the commit itself does not come through.
    """
    with map_errors(), connection.transaction():
        yield


@asynccontextmanager
async def write_transaction(pool: Pool) -> AsyncIterator[psycopg.AsyncConnection]:
    """One transaction of the API that may write; every other on its pool only reads.

    Raises
    ------
    ServiceError, SetupError
        As `map_errors` does.
    """
    with map_errors():
        async with pool.connection() as connection, connection.transaction():
            await connection.execute("SET TRANSACTION READ WRITE")
            yield connection


async def _configure(connection: psycopg.AsyncConnection) -> None:
    await connection.execute(_SESSION, ("2000", "1s", "on"))
    # What the API asks for is in memory or on flash, where a page here costs what one there does; with the default
    # of 4, a year of days is sorted anew instead of being read in the order of its index (43 ms against 36).
    await connection.execute("SET random_page_cost = 1.1")


def _place(url: str) -> str:
    """Where `url` leads. Nothing of one that is wrong is quoted: unescaped, a password may be any part of it."""
    wrong = SettingError(
        "the address of Postgres is not one; write postgresql://user:password@host:5432/database, "
        "with signs of the password such as / and @ as %2F and %40"
    )
    try:
        parts = conninfo_to_dict(url)
    except psycopg.ProgrammingError:
        raise wrong from None
    host, port, database = (str(parts.get(name, usual)) for name, usual in _USUAL.items())
    if "@" in database or not port.replace(",", "").isdecimal():
        raise wrong
    return f"{host}:{port}/{database}"


def _first_line(problem: Exception) -> str:
    return (str(problem).strip().splitlines() or [type(problem).__name__])[0]
