"""Hot list: one list that is asked for often, from memory.

A row is there as soon as the feed tells of it. Once a second, while anybody asks, ids and versions are
compared with Postgres, and what differs is read again; so the age of an answer is the time since the
list was last known to be what Postgres would say. While the feed is lost Postgres is asked itself; while
Postgres is away, the list goes on, and says how old it is.
"""

from collections.abc import Awaitable, Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from math import inf
from typing import Final, Generic, NamedTuple, Protocol, TypeVar

import msgspec

from api.memory.recent import Kept, Recent, encode
from api.rest.pagination import FilteredListing
from store.listing import Cursor

ASKED_S: Final = 30.0
"""A list that nobody asked for so long is not compared, and begins with a comparison when it is."""
TRUSTED_S: Final = 10.0
"""A list that was compared longer ago is not used, unless Postgres is known to be away; longer than that takes to find
out."""
COUNTING_SHARE: Final = 50
"""Rows beneath those in memory are counted so often that it takes one part in so many of the time."""
WAITING_MAX: Final = 10_000
"""Entries of the feed that wait while a list is read; with more it is read anew."""


class Head(Protocol):
    """What lists look at in a row."""

    @property
    def id(self) -> str:
        """Of the row."""


R = TypeVar("R", bound=Head)
S = TypeVar("S", bound=msgspec.Struct)


class Source(NamedTuple, Generic[R, S]):
    """Where the rows of one list come from.

    Attributes
    ----------
    head, record
        Types of what lists look at, and of what they show.
    rows
        In Postgres.
    version
        Of a row; the higher one is newer.
    listed
        Whether the list has a row.
    exact
        The record as it is once Postgres has had it.
    changed_at
        When any row changed last, listed or not; None: nobody asks.
    """

    head: type[R]
    record: type[S]
    rows: FilteredListing[S]
    version: Callable[[R], int] = lambda _: 0
    listed: Callable[[R], bool] = lambda _: True
    exact: Callable[[S], S] = lambda record: record
    changed_at: Callable[[], Awaitable[datetime | None]] | None = None


class HotList(Generic[R, S]):
    """One list, from its source and the feed.

    Parameters
    ----------
    indexed
        Attributes that lists are often filtered by.
    rows_max
        Rows that are kept; 0: none, and the list is never used.
    steady_s
        Reads a clock that only goes forward, in seconds.

    Attributes
    ----------
    changed_at
        When any row of the table changed last, if the source tells; None if none ever did.
    """

    def __init__(
        self, source: Source[R, S], indexed: Iterable[str], rows_max: int, steady_s: Callable[[], float]
    ) -> None:
        self._source, self._rows_max, self._steady_s = source, rows_max, steady_s
        self._recent: Recent[R] = Recent(rows_max, source.rows.listing.place, indexed)
        self._head = msgspec.json.Decoder(source.head)
        self._record = msgspec.json.Decoder(source.record)
        self._begun = self._followed = self._postgres_away = False
        self._compared_s = -inf
        self._counted_s = self._count_due_s = -inf
        self._follows = 0
        self._asked_s = steady_s()
        self._waiting: list[bytes] | None = None
        self.changed_at: datetime | None = None

    def recent(self) -> Recent[R] | None:
        """The rows, if they are what Postgres would say; None: ask Postgres."""
        self._asked_s = self._steady_s()
        usable = self._begun and self._followed and (self._postgres_away or self.age_s < TRUSTED_S)
        return self._recent if usable else None

    @property
    def age_s(self) -> float:
        """Seconds since the rows were compared with Postgres."""
        return self._steady_s() - self._compared_s

    @property
    def total_age_s(self) -> float:
        """The same of the rows and of how many there are in all."""
        return self._steady_s() - min(self._compared_s, self._counted_s)

    def follow(self, *, followed: bool) -> None:
        """Say whether `take` is given all that is announced. After a loss the list is compared before it is used."""
        self._followed = followed
        self._follows += 1
        self._compared_s = -inf
        self._postgres_away = False

    def take(self, payload: bytes) -> None:
        """An entry of the feed; one that cannot be read is left to the comparison."""
        if self._waiting is not None:
            self._waiting.append(payload)
            if len(self._waiting) > WAITING_MAX:
                self._waiting = None
        elif self._begun:
            with suppress(msgspec.DecodeError):
                self._put(Kept(self._head.decode(payload), payload, self._normal))

    async def refresh(self) -> None:
        """Begin, or compare with Postgres, if anybody asks.

        Raises
        ------
        ServiceError, SetupError
            If Postgres cannot be asked.
        """
        if not self._rows_max or self._steady_s() - self._asked_s > ASKED_S:
            return
        at_s, follows = self._steady_s(), self._follows
        if not self._begun or self._recent.thin:
            await self._begin()
        await self._compare()
        if follows == self._follows:
            self._compared_s, self._postgres_away = at_s, False

    def do_without_postgres(self) -> None:
        """Go on with what is there, if it was ever compared."""
        self._postgres_away = self._compared_s > -inf

    def of_postgres(self, rows: Iterable[msgspec.Struct]) -> list[Kept[R]]:
        """Rows of Postgres as they would be kept."""
        payloads = [encode(row) for row in rows]
        return [Kept(self._head.decode(payload), payload) for payload in payloads]

    def place(self, row: R) -> Cursor:
        """Where a row stands in the order of the list."""
        return self._recent.place(row)

    @contextmanager
    def _entries_wait(self) -> Iterator[None]:
        """Put what the feed tells meanwhile after what is read meanwhile, since it is newer."""
        self._waiting = []
        try:
            yield
        finally:
            waiting, self._waiting = self._waiting, None
            self._begun = self._begun and waiting is not None  # else more came than could wait
            for payload in waiting or ():
                self.take(payload)

    async def _begin(self) -> None:
        self._begun = False
        with self._entries_wait():
            rows = await self._source.rows.page(limit=self._rows_max + 1)
            kept = self.of_postgres(rows[: self._rows_max])
            self._recent.begin(kept, 0 if len(rows) <= self._rows_max else None)
            self._begun = True

    async def _compare(self) -> None:
        rows, before, most = self._source.rows, self._recent.ids, 2 * self._rows_max
        there = await rows.listing.versions(rows.pool, rows.filters, floor=self._recent.floor, limit=most)
        if len(there) == most:  # far more than here was written without a word, as when a file is replayed
            await self._begin()
        elif differing := self._recent.compare(before, there, self._source.version):
            with self._entries_wait():
                for kept in self.of_postgres(await rows.listing.some(rows.pool, differing)):
                    self._put(kept)
        if self._source.changed_at is not None:
            self._change(await self._source.changed_at())
        await self._count()

    async def _count(self) -> None:
        """Count the rows beneath anew, the rarer the longer it takes: one that nobody announced may be among them."""
        began_s, floor = self._steady_s(), self._recent.floor
        if floor is None:  # there are none
            self._counted_s = began_s
            return
        if self._recent.beneath is not None and began_s < self._count_due_s:
            return
        late, rows = self._recent.late, self._source.rows
        beneath = await rows.listing.beneath(rows.pool, rows.filters, floor)
        if (floor, late) == (self._recent.floor, self._recent.late):
            self._recent.know_beneath(beneath)
            self._counted_s = began_s
            self._count_due_s = began_s + COUNTING_SHARE * (self._steady_s() - began_s)

    def _change(self, at: datetime | None) -> None:
        if at is not None and (self.changed_at is None or at > self.changed_at):
            self.changed_at = at
            self._recent.version += 1

    def _put(self, kept: Kept[R]) -> None:
        if self._source.changed_at is not None:
            self._change(kept.row.updated_at)  # type: ignore[attr-defined]  # a source that tells of changes has it
        known = self._recent.get(kept.row.id)
        if known is not None and self._source.version(known.row) >= self._source.version(kept.row):
            return
        if self._source.listed(kept.row):
            self._recent.put(kept)
        elif known is not None:
            self._recent.remove(kept.row.id)

    def _normal(self, payload: bytes) -> bytes:
        return encode(self._source.exact(self._record.decode(payload)))
