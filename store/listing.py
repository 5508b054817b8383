"""Listing: the rows of one table, newest first, by filter and by place."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, Generic, NamedTuple, TypeVar

import msgspec
from psycopg import errors

from store.postgres import Connection, Pool, map_errors

R = TypeVar("R", bound=msgspec.Struct)

COUNT_MAX = 100_000
"""Rows that are counted at most: a million would take longer than the page itself."""


class Cursor(NamedTuple):
    """The place of one row in the order by (at, id)."""

    at: datetime
    id: str


class Listing(Generic[R]):
    """How one table is listed.

    Parameters
    ----------
    table
        Has the columns `id` and `at`, by which it is ordered, and an index on both. What is joined to it adds no row.
    at
        Its column of time, and the attribute of its record.
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

    def cursor_of(self, row: Any) -> Cursor:
        """Where a row stands in the order."""
        return Cursor(getattr(row, self._at), row.id)

    def read(self, connection: Connection, chosen: Mapping[str, Any], *, limit: int) -> list[R]:
        """The newest rows, newest first, for the engine's side.

        Raises
        ------
        ServiceError
            If Postgres cannot be reached.
        """
        where, values = self._where(chosen)
        query = f"""
            SELECT {self._columns} FROM {self._table} WHERE {where} ORDER BY {self._at} DESC, id DESC LIMIT %(limit)s
        """  # noqa: S608  names of our own columns
        with map_errors():
            return [self._record(row) for row in connection.execute(query, values | {"limit": limit}).fetchall()]

    async def page(
        self,
        pool: Pool,
        chosen: Mapping[str, Any],
        *,
        limit: int,
        before: Cursor | None = None,
        offset: int = 0,
    ) -> list[R]:
        """Rows, newest first.

        Parameters
        ----------
        chosen
            Filters by name; None lets all pass.
        before
            Only rows that stand after this place in that order. Pages by it stay put while new rows arrive.
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
            values |= {"before_at": before.at, "before_id": before.id}
        query = f"""
            SELECT {self._columns} FROM {self._table} WHERE {where}
            ORDER BY {self._at} DESC, id DESC LIMIT %(limit)s OFFSET %(offset)s
        """  # noqa: S608  names of our own columns
        with map_errors():
            async with pool.connection() as connection:
                cursor = await connection.execute(query, values | {"limit": limit, "offset": offset})
                return [self._record(row) for row in await cursor.fetchall()]

    async def count(self, pool: Pool, chosen: Mapping[str, Any]) -> int | None:
        """How many rows pass; None if they are more than `COUNT_MAX`, or take too long to count.

        Raises
        ------
        ServiceError
            If Postgres cannot be reached.
        """
        found = await self._count(pool, *self._where(chosen))
        return found if found <= COUNT_MAX else None

    async def count_below(self, pool: Pool, chosen: Mapping[str, Any], floor: Cursor) -> int:
        """How many rows are older than this place; `COUNT_MAX` + 1 if more, or if they take too long to count.

        Raises
        ------
        ServiceError
            If Postgres cannot be reached.
        """
        where, values = self._where(chosen)
        where += f" AND ({self._at}, id) < (%(floor_at)s, %(floor_id)s)"
        return await self._count(pool, where, values | {"floor_at": floor.at, "floor_id": floor.id})

    async def get(self, pool: Pool, id_: str) -> R | None:
        """The row of that id.

        Raises
        ------
        ServiceError
            If Postgres cannot be reached in time.
        """
        return next(iter(await self.get_many(pool, [id_])), None)

    async def get_many(self, pool: Pool, ids: Sequence[str]) -> list[R]:
        """The rows of these ids, in no order.

        Raises
        ------
        ServiceError
            If Postgres cannot be reached in time.
        """
        query = f"SELECT {self._columns} FROM {self._table} WHERE id = ANY(%s)"  # noqa: S608
        with map_errors():
            async with pool.connection() as connection:
                cursor = await connection.execute(query, (list(ids),))
                return [self._record(row) for row in await cursor.fetchall()]

    async def versions(
        self, pool: Pool, chosen: Mapping[str, Any], *, floor: Cursor | None, limit: int
    ) -> dict[str, int]:
        """Ids and versions of the newest rows down to this place; None: of all rows, at most `limit`.

        Raises
        ------
        ServiceError
            If Postgres cannot be reached in time.
        """
        where, values = self._where(chosen)
        if floor is not None:
            where += f" AND ({self._at}, id) >= (%(floor_at)s, %(floor_id)s) AND {self._at} >= %(floor_at)s"
            values |= {"floor_at": floor.at, "floor_id": floor.id}
        query = f"""
            SELECT id, {self._version} FROM {self._table} WHERE {where}
            ORDER BY {self._at} DESC, id DESC LIMIT %(limit)s
        """  # noqa: S608
        with map_errors():
            async with pool.connection() as connection:
                return dict(await (await connection.execute(query, values | {"limit": limit})).fetchall())

    async def _count(self, pool: Pool, where: str, values: Mapping[str, Any]) -> int:
        query = f"SELECT count(*) FROM (SELECT FROM {self._table} WHERE {where} LIMIT {COUNT_MAX + 1}) AS found"  # noqa: S608
        with map_errors():
            async with pool.connection() as connection:
                try:
                    ((found,),) = await (await connection.execute(query, values)).fetchall()
                except errors.QueryCanceled:  # the few that pass lie far apart
                    return COUNT_MAX + 1
        return int(found)

    def _where(self, chosen: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
        values = {name: value for name, value in chosen.items() if value is not None}
        return " AND ".join(["TRUE", *(self._conditions[name] for name in values)]), values
