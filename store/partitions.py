"""Partitions: one table per month of a table that grows, made just before it is first written to.

There is no default partition: a row without a month is a bug, and a default would keep a month from
being detached without a lock.
"""

from typing import Any, Literal

import numpy as np
import psycopg
from numpy.typing import NDArray
from psycopg.sql import SQL, Identifier
from psycopg.sql import Literal as Value

from store.advisory_locks import AdvisoryLock
from store.postgres import map_errors

# Not to_regclass: a name that was absent is remembered so, past the lock that waits for it to be made.
_PRESENT = "SELECT relname FROM pg_inherits JOIN pg_class ON oid = inhrelid WHERE inhparent = %s::regclass"


def create_missing(connection: psycopg.Connection, table: Literal["bars", "events"], times: NDArray[Any]) -> list[str]:
    """Make the partitions that rows of `times` fall in; cheap when they exist.

    Parameters
    ----------
    times
        (n,) datetime64, UTC, in any order: the partitioning column of the rows to come.

    Returns
    -------
    list of str
        Names of the partitions that were made, such as `bars_2013_10`.

    Raises
    ------
    ServiceError
        If Postgres cannot be reached.
    """
    months = {_name(table, month): month for month in np.unique(times.astype("datetime64[M]"))}
    with map_errors():
        if months.keys() <= _present(connection, table):
            return []
        with connection.transaction():
            connection.execute("SELECT pg_advisory_xact_lock(%s)", (AdvisoryLock.PARTITIONS,))
            absent = sorted(months.keys() - _present(connection, table))
            for name in absent:
                _make(connection, table, name, months[name])
    return absent


def _present(connection: psycopg.Connection, table: str) -> set[str]:
    return {name for (name,) in connection.execute(_PRESENT, (table,)).fetchall()}


def _make(connection: psycopg.Connection, table: str, name: str, month: np.datetime64) -> None:
    """Attach a table made beside the parent: readers go on, whom CREATE … PARTITION OF would stop."""
    connection.execute(
        SQL("CREATE TABLE {name} (LIKE {table} INCLUDING ALL)").format(name=Identifier(name), table=Identifier(table))
    )
    connection.execute(
        SQL("ALTER TABLE {table} ATTACH PARTITION {name} FOR VALUES FROM ({start}) TO ({end})").format(
            table=Identifier(table),
            name=Identifier(name),
            start=Value(f"{month}-01 00:00:00+00"),
            end=Value(f"{month + 1}-01 00:00:00+00"),
        )
    )


def _name(table: str, month: np.datetime64) -> str:
    return f"{table}_{month}".replace("-", "_")
