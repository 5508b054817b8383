"""Recent rows: the newest rows of one list in memory, in the order in which Postgres returns them.

They are loaded from Postgres, updated by the feed, and reconciled with Postgres regularly (by
`api.memory.hot_lists`). The feed announces each row as it is committed; reconciling finds what is never
announced, such as an outcome, or a row whose writer died before it could announce it.
"""

from bisect import bisect_left, insort
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any, Final, Generic, NamedTuple, TypeVar

import msgspec

from store.listing import Cursor

R = TypeVar("R")

EVICTED_SHARE: Final = 8
"""When the rows exceed their limit, this fraction of it (one eighth) is evicted at once."""

_encoder = msgspec.json.Encoder()


class RowFilter(NamedTuple):
    """Conditions on the rows of a list; a row must meet all of them.

    Attributes
    ----------
    equal, at_least
        Pairs of attribute and value: equal to it, or greater or equal.
    since, until
        Range of the row's time: inclusive start, exclusive end.
    """

    equal: tuple[tuple[str, Any], ...] = ()
    at_least: tuple[tuple[str, float], ...] = ()
    since: datetime | None = None
    until: datetime | None = None

    @classmethod
    def from_filters(
        cls, filters: Mapping[str, Any], *, equal: Iterable[str], at_least: Mapping[str, str]
    ) -> "RowFilter":
        """Convert the filters of a `store.listing.Listing`, where None means no condition.

        Parameters
        ----------
        equal
            Names of filters that are also attributes of the row.
        at_least
            Attribute of the row by the name of the filter that is its minimum.
        """
        conditions = {name: value for name, value in filters.items() if value is not None}
        return cls(
            tuple((name, conditions[name]) for name in equal if name in conditions),
            tuple((attribute, conditions[name]) for name, attribute in at_least.items() if name in conditions),
            conditions.get("since"),
            conditions.get("until"),
        )

    def matches(self, projection: Any) -> bool:
        """Whether a row meets `equal` and `at_least`."""
        return all(getattr(projection, name) == value for name, value in self.equal) and all(
            float(getattr(projection, name)) >= value for name, value in self.at_least
        )


class CachedRow(Generic[R]):
    """One row: its projection and its JSON.

    Parameters
    ----------
    projection
        The fields by which the row is filtered and ordered.
    payload
        The whole row as JSON.
    normalize
        Converts `payload` to the encoding of the row in Postgres; None if it is that already.
    """

    __slots__ = ("_normalize", "_payload", "projection")

    def __init__(self, projection: R, payload: bytes, normalize: Callable[[bytes], bytes] | None = None) -> None:
        self.projection, self._payload, self._normalize = projection, payload, normalize

    @property
    def encoded(self) -> bytes:
        """The JSON of the row in responses; normalized once, at the first use."""
        if self._normalize is not None:
            self._payload, self._normalize = self._normalize(self._payload), None
        return self._payload


class RecentRows(Generic[R]):
    """The newest rows of one list.

    Parameters
    ----------
    rows_max
        Rows held at most.
    cursor_of
        The position of a row in the order, which ends with the newest; it never changes for an id.
    indexed
        Attributes that lists are often filtered by; each gets an index.

    Attributes
    ----------
    older_count
        Number of rows in the list that are older than those in memory; None if it is not known.
    late_count
        Rows received so far that were older than those in memory.
    version
        Changes with every change of the rows.
    """

    def __init__(self, rows_max: int, cursor_of: Callable[[R], Cursor], indexed: Iterable[str] = ()) -> None:
        self._rows_max, self.cursor_of, self._indexed = rows_max, cursor_of, tuple(indexed)
        self._rows: dict[str, CachedRow[R]] = {}
        self._orders: dict[tuple[str, Any] | None, list[Cursor]] = {None: []}
        self.older_count: int | None = 0
        self.late_count = 0
        self.version = 0

    def __len__(self) -> int:
        return len(self._rows)

    def __iter__(self) -> Iterator[CachedRow[R]]:
        """The rows, newest first."""
        return (self._rows[cursor.id] for cursor in reversed(self._orders[None]))

    def get(self, id_: str) -> CachedRow[R] | None:
        """The row with this id; None if it is not in memory."""
        return self._rows.get(id_)

    @property
    def ids(self) -> set[str]:
        """Ids of all rows in memory."""
        return set(self._rows)

    @property
    def oldest(self) -> Cursor | None:
        """Position of the oldest row; None if there are no rows, or if memory holds the whole list."""
        order = self._orders[None]
        return order[0] if order and self.older_count != 0 else None

    @property
    def is_depleted(self) -> bool:
        """Fewer than half of `rows_max` rows are left although the list has more, so it should be loaded again."""
        return self.older_count != 0 and len(self._rows) < self._rows_max // 2

    @property
    def total(self) -> int | None:
        """Number of rows in the list; None if it is not known."""
        return None if self.older_count is None else self.older_count + len(self._rows)

    def load(self, rows: Iterable[CachedRow[R]], older_count: int | None) -> None:
        """Replace all rows by these, which must be the newest without a gap."""
        self._rows.clear()
        self._orders = {None: []}
        for row in rows:
            self._insert(row)
        self.older_count = older_count
        self.version += 1

    def put(self, row: CachedRow[R]) -> None:
        """Insert a row, or replace the one with its id."""
        cursor = self.cursor_of(row.projection)
        if cursor.id in self._rows:
            self.remove(cursor.id)
        elif self.older_count != 0 and (self.oldest is None or cursor < self.oldest):
            self.older_count = None  # the row may or may not have been counted already
            self.late_count += 1
            self.version += 1
            return
        self._insert(row)
        if len(self._rows) > self._rows_max:
            self._evict(len(self._rows) - self._rows_max + self._rows_max // EVICTED_SHARE)
        self.version += 1

    def remove(self, id_: str) -> None:
        """Remove a row that is no longer in the list."""
        row = self._rows.pop(id_)
        cursor = self.cursor_of(row.projection)
        for key in self._index_keys(row.projection):
            order = self._orders[key]
            del order[bisect_left(order, cursor)]
            if not order and key is not None:
                del self._orders[key]
        self.version += 1

    def set_older_count(self, count: int | None) -> None:
        """Set the number of rows in the list that are older than those in memory."""
        if count != self.older_count:
            self.older_count = count
            self.version += 1

    def page(
        self, row_filter: RowFilter, *, limit: int, before: Cursor | None = None, offset: int = 0
    ) -> list[CachedRow[R]] | None:
        """Matching rows, newest first, as Postgres would return them; None if some may not be in memory.

        Parameters
        ----------
        before
            Only rows older than this position.
        offset
            How many to skip.
        """
        key = next((pair for pair in row_filter.equal if pair[0] in self._indexed), None)
        order = self._orders.get(key, [])
        if self.older_count != 0 and row_filter.since is None and len(order) < offset + limit:
            return None
        end = len(order) if before is None else bisect_left(order, before)
        if row_filter.until is not None:
            end = min(end, bisect_left(order, Cursor(row_filter.until, "")))
        rows: list[CachedRow[R]] = []
        for index in range(end - 1, -1, -1):
            cursor = order[index]
            if row_filter.since is not None and cursor.at < row_filter.since:
                return rows[offset:]
            row = self._rows[cursor.id]
            if row_filter.matches(row.projection):
                rows.append(row)
                if len(rows) == offset + limit:
                    return rows[offset:]
        return rows[offset:] if self._covers(row_filter.since) else None

    def count(self, row_filter: RowFilter) -> int | None:
        """Number of rows in the list that match; None if it cannot be determined from memory."""
        if row_filter == RowFilter():
            return self.total
        if not self._covers(row_filter.since):
            return None
        rows = self.page(row_filter, limit=len(self._rows) + 1)
        return None if rows is None else len(rows)

    def reconcile(self, ids_before: set[str], versions: Mapping[str, int], version_of: Callable[[R], int]) -> list[str]:
        """Remove rows that are no longer in Postgres, and return the ids of those to read from it.

        Parameters
        ----------
        ids_before
            Ids that were in memory when the query was sent.
        versions
            Versions in Postgres by id, of all rows from `oldest` on.
        version_of
            Version of a row in memory; a higher one is newer.
        """
        for id_ in ids_before - versions.keys():
            if id_ in self._rows:
                self.remove(id_)
        return [
            id_
            for id_, version in versions.items()
            if id_ not in self._rows or version_of(self._rows[id_].projection) < version
        ]

    def _covers(self, since: datetime | None) -> bool:
        """Whether all rows from `since` on are in memory."""
        oldest = self.oldest
        return self.older_count == 0 or (since is not None and oldest is not None and since > oldest.at)

    def _insert(self, row: CachedRow[R]) -> None:
        cursor = self.cursor_of(row.projection)
        self._rows[cursor.id] = row
        for key in self._index_keys(row.projection):
            insort(self._orders.setdefault(key, []), cursor)

    def _evict(self, count: int) -> None:
        """Remove the oldest rows from memory."""
        oldest = self._orders[None][count]
        for cursor in self._orders[None][:count]:
            del self._rows[cursor.id]
        for key, order in list(self._orders.items()):
            del order[: bisect_left(order, oldest)]
            if not order:
                del self._orders[key]
        self.older_count = None if self.older_count is None else self.older_count + count

    def _index_keys(self, projection: R) -> list[tuple[str, Any] | None]:
        return [None, *((name, getattr(projection, name)) for name in self._indexed)]


def encode(row: msgspec.Struct) -> bytes:
    """The JSON of a row in responses."""
    return _encoder.encode(row)
