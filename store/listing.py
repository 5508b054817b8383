"""Listing: pages of the rows of one table, newest first, with filters."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, Generic, NamedTuple, TypeVar

import msgspec
from psycopg import errors

from store.postgres import Connection, Pool, map_errors

R = TypeVar("R", bound=msgspec.Struct)

COUNT_MAX = 100_000
"""Limit up to which rows are counted: counting a million would take longer than the page itself."""


class Cursor(NamedTuple):
    """The position of a row in the order by (at, id)."""

    at: datetime
    id: str


class Listing(Generic[R]):
    """Queries of one table.

    Parameters
    ----------
    table
        SQL of the table, which has an index on its time column and `id`; a joined table must not add rows.
    at
        Name of the time column, and of the attribute of the record.
    columns
        SQL of the selected columns.
    conditions
        SQL condition of each filter, by the name of its parameter.
    record
        Makes a record of a row.
    version
        SQL expression that increases with each change of a row.
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
        """The cursor that points to a row."""
        return Cursor(getattr(row, self._at), row.id)

    def read(self, connection: Connection, filters: Mapping[str, Any], *, limit: int) -> list[R]:
        """The newest rows, newest first, over the connection of a process with blocking I/O.

        Raises
        ------
        ServiceError
            If Postgres cannot be reached.
        """
        where, values = self._where(filters)
        query = f"""
            SELECT {self._columns} FROM {self._table} WHERE {where} ORDER BY {self._at} DESC, id DESC LIMIT %(limit)s
        """  # noqa: S608  names of columns, no user input
        with map_errors():
            return [self._record(row) for row in connection.execute(query, values | {"limit": limit}).fetchall()]

    async def page(
        self,
        pool: Pool,
        filters: Mapping[str, Any],
        *,
        limit: int,
        before: Cursor | None = None,
        offset: int = 0,
    ) -> list[R]:
        """Rows, newest first.

        Parameters
        ----------
        filters
            Values of filters by name; None means no filter.
        before
            Only rows after this cursor in that order. Such pages do not shift while new rows arrive.
        offset
            Number of rows to skip; the larger, the slower.

        Raises
        ------
        ServiceError
            If Postgres cannot be reached in time.
        """
        where, values = self._where(filters)
        if before is not None:
            where += f" AND ({self._at}, id) < (%(before_at)s, %(before_id)s)"
            # The row comparison alone does not exclude partitions.
            where += f" AND {self._at} <= %(before_at)s"
            values |= {"before_at": before.at, "before_id": before.id}
        query = f"""
            SELECT {self._columns} FROM {self._table} WHERE {where}
            ORDER BY {self._at} DESC, id DESC LIMIT %(limit)s OFFSET %(offset)s
        """  # noqa: S608  names of columns, no user input
        with map_errors():
            async with pool.connection() as connection:
                cursor = await connection.execute(query, values | {"limit": limit, "offset": offset})
                return [self._record(row) for row in await cursor.fetchall()]

    async def count(self, pool: Pool, filters: Mapping[str, Any]) -> int | None:
        """The number of matching rows; None if it exceeds `COUNT_MAX`, or counting takes too long.

        Raises
        ------
        ServiceError
            If Postgres cannot be reached.
        """
        count = await self._count(pool, *self._where(filters))
        return count if count <= COUNT_MAX else None

    async def count_below(self, pool: Pool, filters: Mapping[str, Any], floor: Cursor) -> int:
        """The number of matching rows below `floor`; `COUNT_MAX` + 1 if there are more, or counting takes too long.

        Raises
        ------
        ServiceError
            If Postgres cannot be reached.
        """
        where, values = self._where(filters)
        where += f" AND ({self._at}, id) < (%(floor_at)s, %(floor_id)s)"
        return await self._count(pool, where, values | {"floor_at": floor.at, "floor_id": floor.id})

    async def get(self, pool: Pool, id_: str) -> R | None:
        """The row with this id; None if there is none.

        Raises
        ------
        ServiceError
            If Postgres cannot be reached in time.
        """
        return next(iter(await self.get_many(pool, [id_])), None)

    async def get_many(self, pool: Pool, ids: Sequence[str]) -> list[R]:
        """The rows with these ids, in no particular order.

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
        self, pool: Pool, filters: Mapping[str, Any], *, floor: Cursor | None, limit: int
    ) -> dict[str, int]:
        """Ids and versions of the newest matching rows, at most `limit`; with `floor` only those not older than it.

        Raises
        ------
        ServiceError
            If Postgres cannot be reached in time.
        """
        where, values = self._where(filters)
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
        query = f"SELECT count(*) FROM (SELECT FROM {self._table} WHERE {where} LIMIT {COUNT_MAX + 1}) AS matching"  # noqa: S608
        with map_errors():
            async with pool.connection() as connection:
                try:
                    ((count,),) = await (await connection.execute(query, values)).fetchall()
                except errors.QueryCanceled:  # the matching rows are few and far apart
                    return COUNT_MAX + 1
        return int(count)

    def _where(self, filters: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
        values = {name: value for name, value in filters.items() if value is not None}
        return " AND ".join(["TRUE", *(self._conditions[name] for name in values)]), values
