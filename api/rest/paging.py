"""Paging: two ways through a list that is being written to.

By cursor, which names a place in the order and so neither repeats nor skips a row when new ones arrive;
and by page number, which counts from the newest and so shifts with every arrival, but comes with a
total.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Generic, NamedTuple, Protocol, TypeVar
from urllib.parse import urlencode

import msgspec
from msgspec import Meta

from store.listing import Cursor, Listing
from store.postgres import Pool

R = TypeVar("R")
S = TypeVar("S", bound=msgspec.Struct)

SIZE = 100
PAGES = 1_000
"""Pages that have a number; what lies beneath them is reached by cursor."""
CursorText = Annotated[str, Meta(pattern=r"^[0-3][0-9a-f]{14}([0-9a-f]{32}){1,2}$")]
"""58 bits of microseconds since the year 1, then the id of 32 or 64 digits. Every such text is a place in the order, if
not of a row, so none is ever refused."""

Size = Annotated[int, Meta(ge=1, le=1000)]
PageNumber = Annotated[int, Meta(ge=1, le=PAGES)]

_FIRST = datetime(1, 1, 1, tzinfo=UTC)
_INSTANT = 15


def write_cursor(cursor: Cursor) -> str:
    """The cursor as text.

    Examples
    --------
    >>> write_cursor(Cursor(datetime(2026, 11, 20, tzinfo=UTC), "0123456789abcdef0123456789abcdef"))
    '0e320a8ec0a20000123456789abcdef0123456789abcdef'
    """
    return f"{(cursor.at - _FIRST) // timedelta(microseconds=1):015x}{cursor.id}"


def read_cursor(text: str) -> Cursor:
    """The place that the text names; any text of the form of `CursorText`."""
    return Cursor(_FIRST + timedelta(microseconds=int(text[:_INSTANT], 16)), text[_INSTANT:])


def next_link(path: str, parameters: msgspec.Struct, without: Collection[str] = ()) -> dict[str, str]:
    """The header that leads to the next page (RFC 8288).

    Parameters
    ----------
    parameters
        Of the next page; those that stand at their defaults are left out.
    without
        Names that are in `path` already.
    """
    defaults = {field.name: field.default for field in msgspec.structs.fields(parameters)}
    query = {
        name: str(value).lower() if isinstance(value, bool) else value
        for name, value in msgspec.to_builtins(parameters).items()
        if value != defaults[name] and name not in without
    }
    return {"Link": f'<{path}?{urlencode(query)}>; rel="next"'}


class Paged(msgspec.Struct, frozen=True, kw_only=True):
    """How many rows at a time, and which of the pages."""

    limit: Annotated[Size | None, Meta(description="At most so many rows; leaves `total` out.")] = None
    cursor: Annotated[CursorText | None, Meta(description="`next_cursor` of another page; leaves `total` out.")] = None
    page: Annotated[PageNumber | None, Meta(description="Counted from the newest, or from `cursor`.")] = None
    per_page: Annotated[Size | None, Meta(description="At most so many rows to a page.")] = None


class Page(msgspec.Struct, frozen=True, kw_only=True):
    """Where a page stands.

    Attributes
    ----------
    total
        How many rows pass the filter; null above 100,000, and if `limit` or `cursor` was given, since counting is
        what makes deep lists slow.
    page, per_page
        Where this page stands, and the most it can hold.
    next_cursor
        Give it as `cursor` to go on; null on the last page. The header `Link` holds the whole address.
    """

    total: int | None
    page: int
    per_page: int
    next_cursor: str | None


class Rows(Protocol[R]):
    """The rows of a list, newest first."""

    async def page(self, *, limit: int, before: Cursor | None, offset: int) -> Sequence[R]:
        """At most `limit` rows that stand after `before`, without the first `offset` of them."""

    async def count(self) -> int | None:
        """How many there are; None if they are too many to be counted."""

    def place(self, row: R) -> Cursor:
        """Where a row stands in their order."""


@dataclass(frozen=True, slots=True)
class Listed(Generic[S]):
    """Rows of Postgres: those of a listing that pass filters."""

    pool: Pool
    listing: Listing[S]
    filters: Mapping[str, Any]

    async def page(self, *, limit: int, before: Cursor | None = None, offset: int = 0) -> Sequence[S]:
        """At most `limit` rows that stand after `before`, without the first `offset` of them."""
        return await self.listing.page(self.pool, self.filters, limit=limit, before=before, offset=offset)

    async def count(self) -> int | None:
        """How many there are; None if they are too many to be counted."""
        return await self.listing.count(self.pool, self.filters)

    def place(self, row: S) -> Cursor:
        """Where a row stands in their order."""
        return self.listing.place(row)


class Turned(NamedTuple, Generic[R]):
    """The rows of a page, the fields of `Page`, and the headers that lead on."""

    rows: Sequence[R]
    fields: dict[str, Any]
    headers: Mapping[str, str]


async def turn(path: str, asked: Paged, rows: Rows[R], *, without: Collection[str] = ()) -> Turned[R]:
    """The page that was asked for.

    Parameters
    ----------
    path
        Of the list, for the link to the next page.
    without
        Parameters that are in `path` already.
    """
    size = min((size for size in (asked.limit, asked.per_page) if size is not None), default=SIZE)
    number = 1 if asked.page is None else asked.page
    before = None if asked.cursor is None else read_cursor(asked.cursor)
    # One more than asked for tells whether there is a next page.
    found = await rows.page(limit=size + 1, before=before, offset=(number - 1) * size)
    total = await rows.count() if asked.limit is None and asked.cursor is None else None
    shown, more = found[:size], len(found) > size
    next_cursor = write_cursor(rows.place(shown[-1])) if more else None
    fields = {"total": total, "page": number, "per_page": size, "next_cursor": next_cursor}
    if next_cursor is None:
        return Turned(shown, fields, {})
    if asked.page is None or number == PAGES:
        following = msgspec.structs.replace(asked, limit=size, per_page=None, page=None, cursor=next_cursor)
    else:
        following = msgspec.structs.replace(asked, page=number + 1)
    return Turned(shown, fields, next_link(path, following, without=without))
