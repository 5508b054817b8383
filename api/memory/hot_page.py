"""Hot page: a page of a list from memory if all its rows are there, else from Postgres; the same bytes from either."""

from collections.abc import Awaitable, Callable, Collection, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, Final, NamedTuple, Protocol, TypeVar

import msgspec

from api.memory.hot_list import Head, HotList
from api.memory.recent import Kept, Wanted
from api.resources import Resources
from api.rest.answer import Answer
from api.rest.paging import Paged, Turned, turn
from domain.clock import to_datetime
from store.signals import Cursor

R = TypeVar("R", bound=Head)

NEVER: Final = datetime.max.replace(tzinfo=UTC)
"""Until when an answer holds that changes with its rows only."""


class Read(Protocol):
    """Reads rows from Postgres, newest first."""

    def __call__(self, *, limit: int, before: Cursor | None, offset: int) -> Awaitable[Sequence[msgspec.Struct]]:
        """At most `limit` rows that stand after `before`, without the first `offset` of them."""
        ...


class Stands(NamedTuple):
    """What else an answer is made of: a stamp that is another after each change, and when it was read."""

    stamp: Any = None
    read_s: float | None = None


async def hot_page(
    resources: Resources,
    path: str,
    asked: Paged,
    hot: HotList[R],
    wanted: Wanted | None,
    read: Read,
    count: Callable[[], Awaitable[int | None]],
    render: Callable[[Turned[Kept[R]], datetime], Awaitable[tuple[msgspec.Struct, datetime]]],
    *,
    total_max: int | None = None,
    stands: Stands = Stands(),  # noqa: B008  it is frozen
    without: Collection[str] = (),
) -> Answer:
    """The page that was asked for.

    Parameters
    ----------
    path, asked, without
        As in `api.rest.paging.turn`.
    hot
        The list in memory.
    wanted
        Which of its rows; None if they are not all in that list, whatever their age.
    read, count
        The rows, and how many there are, from Postgres.
    render
        Makes the page, and says until when it holds as long as no row changes.
    total_max
        A higher total is not told.
    stands
        What else the page is made of.
    """
    now = to_datetime(resources.now_ns())
    recent = None if wanted is None else hot.recent()
    key, stamp = (path, asked), (None if recent is None else recent.version, stands.stamp)
    if recent is not None and (shared := resources.shared.get(key, stamp, now)) is not None:
        return replace(shared, age_s=_age_s(resources, asked, hot, stands))
    from_postgres = recent is None

    async def read_kept(**page: Any) -> list[Kept[R]]:
        nonlocal from_postgres
        if recent is not None and wanted is not None and (found := recent.page(wanted, **page)) is not None:
            return found
        from_postgres = True
        return hot.of_postgres(await read(**page))

    async def count_kept() -> int | None:
        nonlocal from_postgres
        if recent is not None and wanted is not None and (found := recent.count(wanted)) is not None:
            return found if total_max is None or found <= total_max else None
        from_postgres = True
        return await count()

    turned = await turn(path, asked, read_kept, count_kept, lambda kept: hot.place(kept.row), without=without)
    page, until = await render(turned, now)
    if from_postgres:
        return Answer(page, turned.headers)
    answer = Answer.ready(msgspec.json.encode(page), turned.headers)
    resources.shared.keep(key, stamp, until, answer)
    return replace(answer, age_s=_age_s(resources, asked, hot, stands))


def raw(rows: Sequence[Kept[R]]) -> list[Any]:
    """Rows as they are shown, to stand where their records would."""
    return [msgspec.Raw(kept.encoded) for kept in rows]


def _age_s(resources: Resources, asked: Paged, hot: HotList[R], stands: Stands) -> float:
    """Of the oldest thing that the answer is made of."""
    age_s = hot.total_age_s if asked.limit is None and asked.cursor is None else hot.age_s
    return age_s if stands.read_s is None else max(age_s, resources.steady_s() - stands.read_s)
