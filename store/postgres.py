"""Postgres: connections, transactions, and the mapping of their errors.

Every session uses UTC, limits the duration of its statements, and has a name in `pg_stat_activity`.
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
"""A peer that disappears without closing the connection is detected within 45 s."""


_DEFAULTS = {"host": "localhost", "port": 5432, "dbname": ""}


def connect(url: str, *, statement_timeout_s: float = 60) -> psycopg.Connection:
    """Open a connection in autocommit mode, for the engine; use `transaction` where a transaction is needed.

    Parameters
    ----------
    url
        `postgresql://…`, usually `DATABASE_URL`.
    statement_timeout_s
        Seconds a statement may take; 0 means no limit.

    Raises
    ------
    SettingError
        If `url` is not a valid address.
    ServiceError
        If Postgres does not answer.
    """
    address = _address(url)
    try:
        connection = psycopg.connect(
            url, autocommit=True, connect_timeout=5, application_name="signalengine", **_KEEPALIVE
        )
        connection.execute(_SESSION, (f"{statement_timeout_s * 1000:.0f}", "10s", "off"))
    except psycopg.OperationalError as problem:
        raise ServiceError(
            f"Postgres at {address} does not answer ({_first_line(problem)}); start it, or give another DATABASE_URL"
        ) from problem
    arrays.register(connection)
    return connection


def async_pool(url: str, *, max_size: int = 8) -> Pool:
    """A pool of read-only connections for the API, not yet open: call `await pool.open()` in its lifespan.

    Use `write_transaction` to write. Connections are checked before they are handed out, so that no request fails
    because Postgres was restarted.

    Raises
    ------
    SettingError
        If `url` is not a valid address.
    """
    _address(url)
    return AsyncConnectionPool(
        url,
        kwargs={"autocommit": True, "connect_timeout": 5, "application_name": "signalengine api", **_KEEPALIVE},
        min_size=1,
        max_size=max_size,
        timeout=2,
        max_waiting=500,  # beyond that a request fails at once instead of waiting
        max_lifetime=3600,
        reconnect_timeout=4,  # delays between attempts double; after this the next request starts again with short ones
        open=False,
        check=AsyncConnectionPool.check_connection,
        configure=_configure,
        name="signalengine api",
    )


@contextmanager
def map_errors() -> Iterator[None]:
    """Map errors of psycopg to errors of the domain; those that indicate a bug are not mapped.

    Raises
    ------
    ServiceError
        If the connection is lost, the pool is exhausted, the disk is full, a timeout is exceeded, or Postgres is
        shutting down or read-only: a retry may succeed.
    SetupError
        If a table or column is missing, because the database was not migrated, or a privilege is missing.
    """
    try:
        yield
    except (psycopg.OperationalError, errors.ReadOnlySqlTransaction) as problem:
        raise ServiceError(f"Postgres: {_first_line(problem)}") from problem
    except (errors.UndefinedTable, errors.UndefinedColumn) as problem:
        raise SetupError(
            f"{_first_line(problem)}: the database schema is out of date; run 'signalengine migrate'"
        ) from problem
    except errors.InsufficientPrivilege as problem:
        raise SetupError(f"{_first_line(problem)}; grant it to the user of DATABASE_URL") from problem


@contextmanager
def transaction(connection: Connection) -> Iterator[None]:
    """Run a block in a transaction, which is rolled back if the block raises.

    Raises
    ------
    ServiceError, SetupError
        See `map_errors`; also if the commit fails.
    """
    with map_errors(), connection.transaction():
        yield


@asynccontextmanager
async def write_transaction(pool: Pool) -> AsyncIterator[psycopg.AsyncConnection]:
    """A read-write transaction on the pool of the API; all its other transactions are read-only.

    Raises
    ------
    ServiceError, SetupError
        See `map_errors`.
    """
    with map_errors():
        async with pool.connection() as connection, connection.transaction():
            await connection.execute("SET TRANSACTION READ WRITE")
            yield connection


async def _configure(connection: psycopg.AsyncConnection) -> None:
    await connection.execute(_SESSION, ("2000", "1s", "on"))
    # The data is in memory or on flash, where a random page costs as much as a sequential one; with the default of 4
    # the planner sorts a year of days instead of reading them in the order of an index (43 ms against 36).
    await connection.execute("SET random_page_cost = 1.1")


def _address(url: str) -> str:
    """Host, port and database of `url`. An invalid URL is not quoted: any part may be an unescaped password."""
    invalid = SettingError(
        "the address of Postgres is invalid; write postgresql://user:password@host:5432/database, "
        "with special characters of the password escaped, such as / as %2F and @ as %40"
    )
    try:
        parts = conninfo_to_dict(url)
    except psycopg.ProgrammingError:
        raise invalid from None
    host, port, database = (str(parts.get(name, default)) for name, default in _DEFAULTS.items())
    if "@" in database or not port.replace(",", "").isdecimal():
        raise invalid
    return f"{host}:{port}/{database}"


def _first_line(problem: Exception) -> str:
    return (str(problem).strip().splitlines() or [type(problem).__name__])[0]
