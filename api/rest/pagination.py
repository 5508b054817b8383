"""Pagination: by cursor or by page number through a list that new rows are added to.

A cursor names a position in the order, so it neither repeats nor skips a row when new rows arrive. A page
number counts from the newest row, so its rows shift with every arrival, but it comes with a total.
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

PAGE_SIZE_DEFAULT = 100
PAGE_NUMBER_MAX = 1_000
"""The last page that can be requested by number; older rows are reached by cursor."""
CursorText = Annotated[str, Meta(pattern=r"^[0-3][0-9a-f]{14}([0-9a-f]{32}){1,2}$")]
"""58 bits of microseconds since the year 1, then the id of 32 or 64 digits. Every such text is a valid position, even
if no row is there, so none is ever refused."""

PageSize = Annotated[int, Meta(ge=1, le=1000, description="Maximum number of items to return.")]
PageNumber = Annotated[int, Meta(ge=1, le=PAGE_NUMBER_MAX)]

_EPOCH = datetime(1, 1, 1, tzinfo=UTC)
_TIME_DIGITS = 15


def encode_cursor(cursor: Cursor) -> str:
    """The cursor as text.

    Examples
    --------
    >>> encode_cursor(Cursor(datetime(2026, 11, 20, tzinfo=UTC), "0123456789abcdef0123456789abcdef"))
    '0e320a8ec0a20000123456789abcdef0123456789abcdef'
    """
    return f"{(cursor.at - _EPOCH) // timedelta(microseconds=1):015x}{cursor.id}"


def decode_cursor(text: str) -> Cursor:
    """The cursor from its text, which must match `CursorText`."""
    return Cursor(_EPOCH + timedelta(microseconds=int(text[:_TIME_DIGITS], 16)), text[_TIME_DIGITS:])


def next_link(path: str, parameters: msgspec.Struct, exclude: Collection[str] = ()) -> dict[str, str]:
    """The `Link` header of the next page (RFC 8288).

    Parameters
    ----------
    parameters
        Of the next page; those with their default value are left out.
    exclude
        Names of parameters that are part of `path` already.
    """
    defaults = {field.name: field.default for field in msgspec.structs.fields(parameters)}
    query = {
        name: str(value).lower() if isinstance(value, bool) else value
        for name, value in msgspec.to_builtins(parameters).items()
        if value != defaults[name] and name not in exclude
    }
    return {"Link": f'<{path}?{urlencode(query)}>; rel="next"'}


class PageParameters(msgspec.Struct, frozen=True, kw_only=True):
    """Query parameters of every paginated list."""

    limit: Annotated[
        PageSize | None,
        Meta(description="Maximum number of rows to return, without counting the total: `total` is null."),
    ] = None
    cursor: Annotated[
        CursorText | None,
        Meta(description="`next_cursor` of the previous page: returns the rows that follow it; `total` is null."),
    ] = None
    page: Annotated[
        PageNumber | None, Meta(description="Page number, from 1 for the newest rows or from `cursor`.")
    ] = None
    per_page: Annotated[PageSize | None, Meta(description="Number of rows per page; 100 by default.")] = None


class Page(msgspec.Struct, frozen=True, kw_only=True):
    """One page of a list.

    Attributes
    ----------
    total
        Number of rows that match the filter; null above 100,000, and if `limit` or `cursor` is given, since counting
        is what makes deep lists slow.
    page
        Number of this page.
    per_page
        Maximum number of rows on a page.
    next_cursor
        Pass it as `cursor` to get the next page; null on the last page. The `Link` header has the full URL.
    """

    total: int | None
    page: int
    per_page: int
    next_cursor: str | None


class RowSource(Protocol[R]):
    """The rows of a list, newest first."""

    async def page(self, *, limit: int, before: Cursor | None, offset: int) -> Sequence[R]:
        """At most `limit` rows older than `before`, skipping the first `offset` of them."""

    async def count(self) -> int | None:
        """Number of rows; None if there are too many to count."""

    def cursor_of(self, row: R) -> Cursor:
        """The position of a row in the order."""


@dataclass(frozen=True, slots=True)
class FilteredListing(Generic[S]):
    """The rows of a listing in Postgres that match the filters."""

    pool: Pool
    listing: Listing[S]
    filters: Mapping[str, Any]

    async def page(self, *, limit: int, before: Cursor | None = None, offset: int = 0) -> Sequence[S]:
        """At most `limit` rows older than `before`, skipping the first `offset` of them."""
        return await self.listing.page(self.pool, self.filters, limit=limit, before=before, offset=offset)

    async def count(self) -> int | None:
        """Number of rows; None if there are too many to count."""
        return await self.listing.count(self.pool, self.filters)

    def cursor_of(self, row: S) -> Cursor:
        """The position of a row in the order."""
        return self.listing.cursor_of(row)


class PageResult(NamedTuple, Generic[R]):
    """The rows of a page, the fields of `Page`, and the headers of the response."""

    rows: Sequence[R]
    fields: dict[str, Any]
    headers: Mapping[str, str]


async def paginate(
    path: str, parameters: PageParameters, source: RowSource[R], *, exclude: Collection[str] = ()
) -> PageResult[R]:
    """Read the requested page.

    Parameters
    ----------
    path
        Of the list, for the link to the next page.
    exclude
        Names of parameters that are part of `path` already.
    """
    size = min(
        (size for size in (parameters.limit, parameters.per_page) if size is not None), default=PAGE_SIZE_DEFAULT
    )
    number = 1 if parameters.page is None else parameters.page
    before = None if parameters.cursor is None else decode_cursor(parameters.cursor)
    # One row more than the page holds shows whether there is a next page.
    read = await source.page(limit=size + 1, before=before, offset=(number - 1) * size)
    total = await source.count() if parameters.limit is None and parameters.cursor is None else None
    rows = read[:size]
    next_cursor = encode_cursor(source.cursor_of(rows[-1])) if len(read) > size else None
    fields = {"total": total, "page": number, "per_page": size, "next_cursor": next_cursor}
    if next_cursor is None:
        return PageResult(rows, fields, {})
    if parameters.page is None or number == PAGE_NUMBER_MAX:
        following = msgspec.structs.replace(parameters, limit=size, per_page=None, page=None, cursor=next_cursor)
    else:
        following = msgspec.structs.replace(parameters, page=number + 1)
    return PageResult(rows, fields, next_link(path, following, exclude=exclude))
