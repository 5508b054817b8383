"""Partitions: monthly partitions of large tables, created just before the first row is written to them.

There is no default partition: a row without a partition is a bug, and with a default one a month could not be detached
without a lock.
"""

from typing import Any, Literal

import numpy as np
import psycopg
from numpy.typing import NDArray
from psycopg.sql import SQL, Identifier
from psycopg.sql import Literal as Value

from store.advisory_locks import AdvisoryLock
from store.postgres import map_errors

# Not to_regclass, which caches that a name is missing even after another session has created it.
_EXISTING = "SELECT relname FROM pg_inherits JOIN pg_class ON oid = inhrelid WHERE inhparent = %s::regclass"


def create_missing(connection: psycopg.Connection, table: Literal["bars", "events"], times: NDArray[Any]) -> list[str]:
    """Create the partitions for rows of `times` that do not exist yet; cheap if all exist.

    Parameters
    ----------
    times
        (n,) datetime64, UTC, in any order: the partitioning column of the rows to be written.

    Returns
    -------
    list of str
        Names of the partitions that were created, such as `bars_2013_10`.

    Raises
    ------
    ServiceError
        If Postgres cannot be reached.
    """
    months = {_name(table, month): month for month in np.unique(times.astype("datetime64[M]"))}
    with map_errors():
        if months.keys() <= _existing(connection, table):
            return []
        with connection.transaction():
            connection.execute("SELECT pg_advisory_xact_lock(%s)", (AdvisoryLock.PARTITIONS,))
            missing = sorted(months.keys() - _existing(connection, table))
            for name in missing:
                _create(connection, table, name, months[name])
    return missing


def _existing(connection: psycopg.Connection, table: str) -> set[str]:
    return {name for (name,) in connection.execute(_EXISTING, (table,)).fetchall()}


def _create(connection: psycopg.Connection, table: str, name: str, month: np.datetime64) -> None:
    """Create a table and attach it, which blocks no reader; CREATE … PARTITION OF would."""
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
