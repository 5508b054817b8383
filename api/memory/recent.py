"""Recent: the newest rows of one list in memory, in the order in which Postgres would give them.

It begins with what Postgres has, follows the feed, and is compared with Postgres again and again (by
`api.memory.hot_lists`): the feed tells at once of a row that was committed, and the comparison finds what no
feed tells, such as an outcome, or a row that was never announced since a process died in between.
"""

from bisect import bisect_left, insort
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any, Final, Generic, NamedTuple, TypeVar

import msgspec

from store.listing import Cursor

R = TypeVar("R")

SLACK: Final = 8
"""A full memory forgets an eighth of its rows at a time."""

_encoder = msgspec.json.Encoder()


class Wanted(NamedTuple):
    """Which rows of a list; all conditions hold together.

    Attributes
    ----------
    equal, least
        Attribute and value: equal to it, or at least it.
    since, until
        Of the place: from the first on, and before the second.
    """

    equal: tuple[tuple[str, Any], ...] = ()
    least: tuple[tuple[str, float], ...] = ()
    since: datetime | None = None
    until: datetime | None = None

    @classmethod
    def of(cls, filters: Mapping[str, Any], *, equal: Iterable[str], least: Mapping[str, str]) -> "Wanted":
        """Of filters as the store takes them, where None lets all pass.

        Parameters
        ----------
        equal
            Names of filters that are attributes too.
        least
            Attributes, by the name of the filter that says how much they are at least.
        """
        given = {name: value for name, value in filters.items() if value is not None}
        return cls(
            tuple((name, given[name]) for name in equal if name in given),
            tuple((attribute, given[name]) for name, attribute in least.items() if name in given),
            given.get("since"),
            given.get("until"),
        )

    def accepts(self, row: Any) -> bool:
        """Whether a row passes `equal` and `least`."""
        return all(getattr(row, name) == value for name, value in self.equal) and all(
            float(getattr(row, name)) >= value for name, value in self.least
        )


class Kept(Generic[R]):
    """One row: what lists look at, and the JSON that is shown.

    Parameters
    ----------
    row
        The attributes by which it is chosen and placed.
    payload
        The whole row as JSON.
    normal
        Makes of it what would be encoded of the row in Postgres; None if it is that already.
    """

    __slots__ = ("_normal", "_payload", "row")

    def __init__(self, row: R, payload: bytes, normal: Callable[[bytes], bytes] | None = None) -> None:
        self.row, self._payload, self._normal = row, payload, normal

    @property
    def encoded(self) -> bytes:
        """The row as it is shown, encoded at its first use and once."""
        if self._normal is not None:
            self._payload, self._normal = self._normal(self._payload), None
        return self._payload


class Recent(Generic[R]):
    """The newest rows of one list.

    Parameters
    ----------
    rows_max
        Rows that are kept.
    place
        Where a row stands in the order, newest last; never another for the same id.
    indexed
        Attributes that lists are often filtered by; each has an index.

    Attributes
    ----------
    beneath
        How many rows of the list are older than those kept; None if that is not known.
    late
        How often a row came that is older than those kept.
    version
        Another after each change.
    """

    def __init__(self, rows_max: int, place: Callable[[R], Cursor], indexed: Iterable[str] = ()) -> None:
        self._rows_max, self.place, self._indexed = rows_max, place, tuple(indexed)
        self._kept: dict[str, Kept[R]] = {}
        self._orders: dict[tuple[str, Any] | None, list[Cursor]] = {None: []}
        self.beneath: int | None = 0
        self.late = 0
        self.version = 0

    def __len__(self) -> int:
        return len(self._kept)

    def __iter__(self) -> Iterator[Kept[R]]:
        """The rows, newest first."""
        return (self._kept[place.id] for place in reversed(self._orders[None]))

    def get(self, id_: str) -> Kept[R] | None:
        """The row of that id; None if it is not kept."""
        return self._kept.get(id_)

    @property
    def ids(self) -> set[str]:
        """Of all rows."""
        return set(self._kept)

    @property
    def floor(self) -> Cursor | None:
        """The place of the oldest row; None if every row of the list is here, or none."""
        order = self._orders[None]
        return order[0] if order and self.beneath != 0 else None

    @property
    def thin(self) -> bool:
        """So many rows went that the list should be begun anew."""
        return self.beneath != 0 and len(self._kept) < self._rows_max // 2

    @property
    def total(self) -> int | None:
        """How many rows the list has; None if that is not known."""
        return None if self.beneath is None else self.beneath + len(self._kept)

    def begin(self, rows: Iterable[Kept[R]], beneath: int | None) -> None:
        """Begin with these rows, of which none is missing, and no others."""
        self._kept.clear()
        self._orders = {None: []}
        for kept in rows:
            self._insert(kept)
        self.beneath = beneath
        self.version += 1

    def put(self, kept: Kept[R]) -> None:
        """Add a row, or put it in the place of the one with its id."""
        place = self.place(kept.row)
        if place.id in self._kept:
            self.remove(place.id)
        elif self.beneath != 0 and (self.floor is None or place < self.floor):
            self.beneath = None  # whether it is new or was counted there nobody says
            self.late += 1
            self.version += 1
            return
        self._insert(kept)
        if len(self._kept) > self._rows_max:
            self._forget(len(self._kept) - self._rows_max + self._rows_max // SLACK)
        self.version += 1

    def remove(self, id_: str) -> None:
        """Take a row out, since the list no longer has it."""
        kept = self._kept.pop(id_)
        place = self.place(kept.row)
        for key in self._keys(kept.row):
            order = self._orders[key]
            del order[bisect_left(order, place)]
            if not order and key is not None:
                del self._orders[key]
        self.version += 1

    def know_beneath(self, number: int | None) -> None:
        """So many rows of the list are older than those kept."""
        if number != self.beneath:
            self.beneath = number
            self.version += 1

    def page(
        self, wanted: Wanted, *, limit: int, before: Cursor | None = None, offset: int = 0
    ) -> list[Kept[R]] | None:
        """Rows, newest first, as Postgres would give them; None if some of them may not be here.

        Parameters
        ----------
        before
            Only rows that stand after this place in that order.
        offset
            How many to skip.
        """
        key = next((pair for pair in wanted.equal if pair[0] in self._indexed), None)
        order = self._orders.get(key, [])
        if self.beneath != 0 and wanted.since is None and len(order) < offset + limit:
            return None
        end = len(order) if before is None else bisect_left(order, before)
        if wanted.until is not None:
            end = min(end, bisect_left(order, Cursor(wanted.until, "")))
        found: list[Kept[R]] = []
        for position in range(end - 1, -1, -1):
            place = order[position]
            if wanted.since is not None and place.at < wanted.since:
                return found[offset:]
            kept = self._kept[place.id]
            if wanted.accepts(kept.row):
                found.append(kept)
                if len(found) == offset + limit:
                    return found[offset:]
        return found[offset:] if self._reaches(wanted.since) else None

    def count(self, wanted: Wanted) -> int | None:
        """How many rows pass; None if that cannot be said from here."""
        if wanted == Wanted():
            return self.total
        if not self._reaches(wanted.since):
            return None
        found = self.page(wanted, limit=len(self._kept) + 1)
        return None if found is None else len(found)

    def compare(self, before: set[str], there: Mapping[str, int], version: Callable[[R], int]) -> list[str]:
        """Take out what is gone, and say which rows have to be read.

        Parameters
        ----------
        before
            Ids that were here when Postgres was asked.
        there
            Ids and versions of the rows of Postgres from `floor` on.
        version
            That of a row; the higher one is newer.
        """
        for id_ in before - there.keys():
            if id_ in self._kept:
                self.remove(id_)
        return [id_ for id_, newest in there.items() if id_ not in self._kept or version(self._kept[id_].row) < newest]

    def _reaches(self, since: datetime | None) -> bool:
        """Whether all rows from that instant on are here."""
        floor = self.floor
        return self.beneath == 0 or (since is not None and floor is not None and since > floor.at)

    def _insert(self, kept: Kept[R]) -> None:
        place = self.place(kept.row)
        self._kept[place.id] = kept
        for key in self._keys(kept.row):
            insort(self._orders.setdefault(key, []), place)

    def _forget(self, number: int) -> None:
        """Leave the oldest to Postgres."""
        floor = self._orders[None][number]
        for place in self._orders[None][:number]:
            del self._kept[place.id]
        for key, order in list(self._orders.items()):
            del order[: bisect_left(order, floor)]
            if not order:
                del self._orders[key]
        self.beneath = None if self.beneath is None else self.beneath + number

    def _keys(self, row: R) -> list[tuple[str, Any] | None]:
        return [None, *((name, getattr(row, name)) for name in self._indexed)]


def encode(row: msgspec.Struct) -> bytes:
    """A row as it is shown."""
    return _encoder.encode(row)
