"""Hot page: a page of a list from memory if it holds all its rows, else from Postgres; the same bytes from either."""

from collections.abc import Awaitable, Callable, Collection, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, Final, Generic, NamedTuple, TypeVar

import msgspec

from api.memory.hot_list import HotList, Projection
from api.memory.recent_rows import CachedRow, RecentRows, RowFilter
from api.resources import Resources
from api.rest.pagination import FilteredListing, PageParameters, PageResult, paginate
from api.rest.result import Result
from domain.clock import to_datetime
from store.listing import COUNT_MAX, Cursor

R = TypeVar("R", bound=Projection)
S = TypeVar("S", bound=msgspec.Struct)

NO_EXPIRY: Final = datetime.max.replace(tzinfo=UTC)
"""Expiry of a page that changes only with its rows."""


class JoinedData(NamedTuple):
    """Data on a page besides its rows: a version that changes with the data, and when it was read."""

    version: Any = None
    read_s: float | None = None


@dataclass(slots=True)
class _Rows(Generic[R, S]):
    """Rows from memory, or all of them from Postgres as soon as one is missing."""

    hot_list: HotList[R, S]
    recent: RecentRows[R] | None
    row_filter: RowFilter
    listing: FilteredListing[S]
    from_postgres: bool = False

    async def page(self, *, limit: int, before: Cursor | None, offset: int) -> Sequence[CachedRow[R]]:
        if self.recent is not None:
            rows = self.recent.page(self.row_filter, limit=limit, before=before, offset=offset)
            if rows is not None:
                return rows
        self.from_postgres = True
        return self.hot_list.from_postgres(await self.listing.page(limit=limit, before=before, offset=offset))

    async def count(self) -> int | None:
        if self.recent is not None and (count := self.recent.count(self.row_filter)) is not None:
            return count if count <= COUNT_MAX else None
        self.from_postgres = True
        return await self.listing.count()

    def cursor_of(self, row: CachedRow[R]) -> Cursor:
        return self.hot_list.cursor_of(row.projection)


async def hot_page(
    resources: Resources,
    path: str,
    parameters: PageParameters,
    hot_list: HotList[R, S],
    row_filter: RowFilter | None,
    listing: FilteredListing[S],
    render: Callable[[PageResult[CachedRow[R]], datetime], Awaitable[tuple[msgspec.Struct, datetime]]],
    *,
    joined: JoinedData = JoinedData(),  # noqa: B008  it is frozen
    exclude: Collection[str] = (),
) -> Result:
    """Read the requested page.

    Parameters
    ----------
    path, parameters, exclude
        As in `api.rest.pagination.paginate`.
    hot_list
        The list in memory.
    row_filter
        Which rows of `hot_list`; None if it does not include them all, so that Postgres has to be queried.
    listing
        The same rows in Postgres.
    render
        Makes the body, and returns with it when it expires if no row changes before.
    joined
        Data on the page besides its rows.
    """
    now = to_datetime(resources.now_ns())
    recent = None if row_filter is None else hot_list.rows()
    request, version = (path, parameters), (None if recent is None else recent.version, joined.version)
    if recent is not None and (cached := resources.response_cache.get(request, version, now)) is not None:
        return replace(cached, age_s=_age_s(resources, parameters, hot_list, joined))
    rows = _Rows(hot_list, recent, row_filter or RowFilter(), listing, from_postgres=recent is None)
    page = await paginate(path, parameters, rows, exclude=exclude)
    body, expires_at = await render(page, now)
    if rows.from_postgres:
        return Result(body, page.headers)
    result = Result.from_bytes(msgspec.json.encode(body), page.headers)
    resources.response_cache.put(request, version, expires_at, result)
    return replace(result, age_s=_age_s(resources, parameters, hot_list, joined))


def encoded_rows(rows: Sequence[CachedRow[R]]) -> list[Any]:
    """The JSON of rows, for a response field that is declared as a list of their records."""
    return [msgspec.Raw(row.encoded) for row in rows]


def _age_s(resources: Resources, parameters: PageParameters, hot_list: HotList[R, S], joined: JoinedData) -> float:
    """Age of the oldest data on the page, in seconds."""
    has_total = parameters.limit is None and parameters.cursor is None
    age_s = hot_list.total_age_s if has_total else hot_list.age_s
    return age_s if joined.read_s is None else max(age_s, resources.steady_s() - joined.read_s)
