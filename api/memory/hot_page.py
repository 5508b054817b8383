"""Hot page: a page of a list from memory if all its rows are there, else from Postgres; the same bytes from either."""

from collections.abc import Awaitable, Callable, Collection, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, Final, Generic, NamedTuple, TypeVar

import msgspec

from api.memory.hot_list import Head, HotList
from api.memory.recent import Kept, Recent, Wanted
from api.resources import Resources
from api.rest.pagination import FilteredListing, PageParameters, PageResult, paginate
from api.rest.result import Result
from domain.clock import to_datetime
from store.listing import COUNTED, Cursor

R = TypeVar("R", bound=Head)
S = TypeVar("S", bound=msgspec.Struct)

NEVER: Final = datetime.max.replace(tzinfo=UTC)
"""Until when an answer holds that changes with its rows only."""


class Stands(NamedTuple):
    """What else an answer is made of: a stamp that is another after each change, and when it was read."""

    stamp: Any = None
    read_s: float | None = None


@dataclass(slots=True)
class _Rows(Generic[R, S]):
    """Rows from memory, or all of them from Postgres as soon as one is not there."""

    hot: HotList[R, S]
    recent: Recent[R] | None
    wanted: Wanted
    listed: FilteredListing[S]
    from_postgres: bool = False

    async def page(self, *, limit: int, before: Cursor | None, offset: int) -> Sequence[Kept[R]]:
        if self.recent is not None:
            found = self.recent.page(self.wanted, limit=limit, before=before, offset=offset)
            if found is not None:
                return found
        self.from_postgres = True
        return self.hot.of_postgres(await self.listed.page(limit=limit, before=before, offset=offset))

    async def count(self) -> int | None:
        if self.recent is not None and (found := self.recent.count(self.wanted)) is not None:
            return found if found <= COUNTED else None
        self.from_postgres = True
        return await self.listed.count()

    def cursor_of(self, row: Kept[R]) -> Cursor:
        return self.hot.place(row.row)


async def hot_page(
    resources: Resources,
    path: str,
    asked: PageParameters,
    hot: HotList[R, S],
    wanted: Wanted | None,
    listed: FilteredListing[S],
    render: Callable[[PageResult[Kept[R]], datetime], Awaitable[tuple[msgspec.Struct, datetime]]],
    *,
    stands: Stands = Stands(),  # noqa: B008  it is frozen
    exclude: Collection[str] = (),
) -> Result:
    """The page that was asked for.

    Parameters
    ----------
    path, asked, exclude
        As in `api.rest.pagination.paginate`.
    hot
        The list in memory.
    wanted
        Which of its rows; None if they are not all in that list, whatever their age.
    listed
        The same rows in Postgres.
    render
        Makes the page, and says until when it holds as long as no row changes.
    stands
        What else the page is made of.
    """
    now = to_datetime(resources.now_ns())
    recent = None if wanted is None else hot.recent()
    key, stamp = (path, asked), (None if recent is None else recent.version, stands.stamp)
    if recent is not None and (cached := resources.response_cache.get(key, stamp, now)) is not None:
        return replace(cached, age_s=_age_s(resources, asked, hot, stands))
    rows = _Rows(hot, recent, wanted or Wanted(), listed, from_postgres=recent is None)
    result = await paginate(path, asked, rows, exclude=exclude)
    page, until = await render(result, now)
    if rows.from_postgres:
        return Result(page, result.headers)
    answer = Result.from_bytes(msgspec.json.encode(page), result.headers)
    resources.response_cache.put(key, stamp, until, answer)
    return replace(answer, age_s=_age_s(resources, asked, hot, stands))


def raw(rows: Sequence[Kept[R]]) -> list[Any]:
    """Rows as they are shown, to stand where their records would."""
    return [msgspec.Raw(kept.encoded) for kept in rows]


def _age_s(resources: Resources, asked: PageParameters, hot: HotList[R, S], stands: Stands) -> float:
    """Of the oldest thing that the answer is made of."""
    age_s = hot.total_age_s if asked.limit is None and asked.cursor is None else hot.age_s
    return age_s if stands.read_s is None else max(age_s, resources.steady_s() - stands.read_s)
