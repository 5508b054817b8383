"""Paging: two ways through a list that is being written to.

By cursor, which names a place in the order and so neither repeats nor skips a row when new ones arrive;
and by page number, which counts from the newest and so shifts with every arrival, but comes with a
total.
"""

from collections.abc import Collection
from datetime import UTC, datetime, timedelta
from typing import Annotated
from urllib.parse import urlencode

import msgspec
from msgspec import Meta

from store.signals import Cursor

SIZE = 100
CursorText = Annotated[str, Meta(pattern=r"^[0-3][0-9a-f]{14}[0-9a-f]{32}$")]
"""58 bits of microseconds since the year 1, then the id. Every such text is a place in the order, if not
of a row, so none is ever refused."""

_FIRST = datetime(1, 1, 1, tzinfo=UTC)
_INSTANT = 15


def write_cursor(cursor: Cursor) -> str:
    """The cursor as text.

    Examples
    --------
    >>> write_cursor(Cursor(datetime(2026, 11, 20, tzinfo=UTC), "0123456789abcdef0123456789abcdef"))
    '0e320a8ec0a20000123456789abcdef0123456789abcdef'
    """
    return f"{(cursor.detected_at - _FIRST) // timedelta(microseconds=1):015x}{cursor.id}"


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
