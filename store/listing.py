"""Listing: the rows of one table, newest first, by filter and by place."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, Generic, TypeVar

import msgspec

from store.postgres import Pool, reachable

R = TypeVar("R", bound=msgspec.Struct)

COUNTED = 100_000
"""Rows that are counted at most: a million would take longer than the page itself."""


class Listing(Generic[R]):
    """How one table is listed.

    Parameters
    ----------
    table
        Has the columns `id` and `at`, by which it is ordered, and an index on both.
    at
        Its column of time.
    columns
        Those that are read, as SQL.
    conditions
        SQL for each filter, by the name of its parameter.
    record
        Makes the record of a row.
    version
        SQL that grows with each change of a row.
    """

    def __init__(
        self,
        table: str,
        at: str,
        columns: str,
        conditions: Mapping[str, str],
        record: Callable[[tuple[Any, ...]], R],
        version: str = "0",
    ) -> None:
        self._table, self._at, self._columns = table, at, columns
        self._conditions, self._record, self._version = conditions, record, version

    async def page(
        self,
        pool: Pool,
        chosen: Mapping[str, Any],
        *,
        limit: int,
        before: tuple[datetime, str] | None = None,
        offset: int = 0,
    ) -> list[R]:
        """Rows, newest first.

        Parameters
        ----------
        chosen
            Filters by name; None lets all pass.
        before
            Only rows that stand after this (at, id) in that order.
        offset
            How many to skip; slower the larger it is.

        Raises
        ------
        ServiceError
            If Postgres cannot be reached in time.
        """
        where, values = self._where(chosen)
        if before is not None:
            where += f" AND ({self._at}, id) < (%(before_at)s, %(before_id)s)"
            # The row comparison alone does not leave out partitions.
            where += f" AND {self._at} <= %(before_at)s"
            values |= {"before_at": before[0], "before_id": before[1]}
        query = f"""
            SELECT {self._columns} FROM {self._table} WHERE {where}
            ORDER BY {self._at} DESC, id DESC LIMIT %(limit)s OFFSET %(offset)s
        """  # noqa: S608  names of our own columns
        with reachable():
            async with pool.connection() as connection:
                cursor = await connection.execute(query, values | {"limit": limit, "offset": offset})
                return [self._record(row) for row in await cursor.fetchall()]

    async def count(self, pool: Pool, chosen: Mapping[str, Any]) -> int | None:
        """How many rows pass; None if they are more than `COUNTED`.

        Raises
        ------
        ServiceError
            If Postgres cannot be reached in time.
        """
        where, values = self._where(chosen)
        query = f"SELECT count(*) FROM (SELECT FROM {self._table} WHERE {where} LIMIT {COUNTED + 1}) AS found"  # noqa: S608
        with reachable():
            async with pool.connection() as connection:
                cursor = await connection.execute(query, values)
                ((found,),) = await cursor.fetchall()
        return int(found) if found <= COUNTED else None

    async def some(self, pool: Pool, ids: Sequence[str]) -> list[R]:
        """The rows of these ids, in no order.

        Raises
        ------
        ServiceError
            If Postgres cannot be reached in time.
        """
        query = f"SELECT {self._columns} FROM {self._table} WHERE id = ANY(%s)"  # noqa: S608
        with reachable():
            async with pool.connection() as connection:
                cursor = await connection.execute(query, (list(ids),))
                return [self._record(row) for row in await cursor.fetchall()]

    async def versions(
        self, pool: Pool, chosen: Mapping[str, Any], *, floor: tuple[datetime, str] | None
    ) -> dict[str, int]:
        """Ids and versions of the rows that stand at this (at, id) or are newer; None: of all rows.

        Raises
        ------
        ServiceError
            If Postgres cannot be reached in time.
        """
        where, values = self._where(chosen)
        if floor is not None:
            where += f" AND ({self._at}, id) >= (%(floor_at)s, %(floor_id)s) AND {self._at} >= %(floor_at)s"
            values |= {"floor_at": floor[0], "floor_id": floor[1]}
        query = f"SELECT id, {self._version} FROM {self._table} WHERE {where}"  # noqa: S608
        with reachable():
            async with pool.connection() as connection:
                return dict(await (await connection.execute(query, values)).fetchall())

    async def beneath(self, pool: Pool, chosen: Mapping[str, Any], floor: tuple[datetime, str]) -> int:
        """How many rows are older than this (at, id).

        Raises
        ------
        ServiceError
            If Postgres cannot be reached, or cannot count them in time.
        """
        where, values = self._where(chosen)
        query = f"""
            SELECT count(*) FROM {self._table}
            WHERE {where} AND ({self._at}, id) < (%(floor_at)s, %(floor_id)s)
        """  # noqa: S608
        with reachable():
            async with pool.connection() as connection:
                cursor = await connection.execute(query, values | {"floor_at": floor[0], "floor_id": floor[1]})
                ((found,),) = await cursor.fetchall()
        return int(found)

    def _where(self, chosen: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
        values = {name: value for name, value in chosen.items() if value is not None}
        return " AND ".join(["TRUE", *(self._conditions[name] for name in values)]), values
