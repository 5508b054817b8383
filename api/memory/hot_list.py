"""Hot list: the newest rows of one frequently requested list, held in memory.

The feed adds a row as soon as it is committed. Once a second, while the list is in use, ids and versions are
compared with Postgres, and rows that differ are read again; so the age of a response is the time since the
list was last known to match Postgres. While the feed is down, requests are answered from Postgres; while
Postgres is down, from the list as it is, with its age.
"""

from collections.abc import Awaitable, Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from math import inf
from typing import Final, Generic, NamedTuple, Protocol, TypeVar

import msgspec

from api.memory.recent_rows import CachedRow, RecentRows, encode
from api.rest.pagination import FilteredListing
from store.listing import Cursor

IDLE_S: Final = 30.0
"""A list without requests for this long is no longer reconciled, and is reconciled before it is used again."""
STALE_S: Final = 10.0
"""A list that was not reconciled for this long is not used, unless Postgres is known to be down; detecting that takes
less time."""
COUNT_TIME_SHARE: Final = 50
"""The rows older than those in memory are counted at most so often that counting takes 1/50 of the time."""
PENDING_MAX: Final = 10_000
"""Feed entries held back while rows are read; if there are more, the list is loaded again."""


class Projection(Protocol):
    """The fields of a row that lists need."""

    @property
    def id(self) -> str:
        """Id of the row."""


R = TypeVar("R", bound=Projection)
S = TypeVar("S", bound=msgspec.Struct)


class Source(NamedTuple, Generic[R, S]):
    """Where the rows of one list come from.

    Attributes
    ----------
    projection, record
        Types of the fields that the list needs, and of the whole row.
    rows
        The list in Postgres.
    version_of
        Version of a row; a higher one is newer.
    includes
        Whether a row belongs to the list.
    normalize
        Converts a record from the feed to the record that Postgres returns.
    changed_at
        Reads when any row of the table last changed, in the list or not; None if the list does not need it.
    """

    projection: type[R]
    record: type[S]
    rows: FilteredListing[S]
    version_of: Callable[[R], int] = lambda _: 0
    includes: Callable[[R], bool] = lambda _: True
    normalize: Callable[[S], S] = lambda record: record
    changed_at: Callable[[], Awaitable[datetime | None]] | None = None


class HotList(Generic[R, S]):
    """One list, kept up to date by the feed and reconciled with its source.

    Parameters
    ----------
    indexed
        Attributes that the list is often filtered by.
    rows_max
        Rows held at most; with 0 the list is never used.
    steady_s
        Reads a monotonic clock, in seconds.

    Attributes
    ----------
    changed_at
        When any row of the table last changed, if the source provides it; None if none ever did.
    """

    def __init__(
        self, source: Source[R, S], indexed: Iterable[str], rows_max: int, steady_s: Callable[[], float]
    ) -> None:
        self._source, self._rows_max, self._steady_s = source, rows_max, steady_s
        self._rows: RecentRows[R] = RecentRows(rows_max, source.rows.listing.cursor_of, indexed)
        self._projection = msgspec.json.Decoder(source.projection)
        self._record = msgspec.json.Decoder(source.record)
        self._loaded = self._subscribed = self._postgres_down = False
        self._reconciled_s = -inf
        self._counted_s = self._count_due_s = -inf
        self._subscription_changes = 0
        self._requested_s = steady_s()
        self._pending: list[bytes] | None = None
        self.changed_at: datetime | None = None

    def rows(self) -> RecentRows[R] | None:
        """The rows in memory; None if they may differ from Postgres, which has to be queried instead."""
        self._requested_s = self._steady_s()
        usable = self._loaded and self._subscribed and (self._postgres_down or self.age_s < STALE_S)
        return self._rows if usable else None

    @property
    def age_s(self) -> float:
        """Seconds since the rows were last known to match Postgres."""
        return self._steady_s() - self._reconciled_s

    @property
    def total_age_s(self) -> float:
        """Seconds since the rows and their total were last known to match Postgres."""
        return self._steady_s() - min(self._reconciled_s, self._counted_s)

    def set_subscribed(self, *, subscribed: bool) -> None:
        """Set whether `apply` receives every entry of the feed; the list is then reconciled before it is used again."""
        self._subscribed = subscribed
        self._subscription_changes += 1
        self._reconciled_s = -inf
        self._postgres_down = False

    def apply(self, payload: bytes) -> None:
        """Apply an entry of the feed; one that cannot be decoded is left to reconciliation."""
        if self._pending is not None:
            self._pending.append(payload)
            if len(self._pending) > PENDING_MAX:
                self._pending = None
        elif self._loaded:
            with suppress(msgspec.DecodeError):
                self._put(CachedRow(self._projection.decode(payload), payload, self._normalize))

    async def refresh(self) -> None:
        """Load the list, or reconcile it with Postgres, if it is in use.

        Raises
        ------
        ServiceError, SetupError
            If Postgres cannot be queried.
        """
        if not self._rows_max or self._steady_s() - self._requested_s > IDLE_S:
            return
        started_s, subscription_changes = self._steady_s(), self._subscription_changes
        if not self._loaded or self._rows.is_depleted:
            await self._load()
        await self._reconcile()
        if subscription_changes == self._subscription_changes:
            self._reconciled_s, self._postgres_down = started_s, False

    def on_postgres_down(self) -> None:
        """Serve the rows in memory without reconciling them, if they ever were."""
        self._postgres_down = self._reconciled_s > -inf

    def from_postgres(self, records: Iterable[msgspec.Struct]) -> list[CachedRow[R]]:
        """Convert records read from Postgres to rows."""
        payloads = [encode(record) for record in records]
        return [CachedRow(self._projection.decode(payload), payload) for payload in payloads]

    def cursor_of(self, projection: R) -> Cursor:
        """The position of a row in the order of the list."""
        return self._rows.cursor_of(projection)

    @contextmanager
    def _feed_on_hold(self) -> Iterator[None]:
        """Hold back feed entries while rows are read, and apply them afterwards, since they are newer."""
        self._pending = []
        try:
            yield
        finally:
            pending, self._pending = self._pending, None
            self._loaded = self._loaded and pending is not None  # None: there were more than PENDING_MAX
            for payload in pending or ():
                self.apply(payload)

    async def _load(self) -> None:
        self._loaded = False
        with self._feed_on_hold():
            records = await self._source.rows.page(limit=self._rows_max + 1)
            rows = self.from_postgres(records[: self._rows_max])
            self._rows.load(rows, 0 if len(records) <= self._rows_max else None)
            self._loaded = True

    async def _reconcile(self) -> None:
        source, ids_before, limit = self._source.rows, self._rows.ids, 2 * self._rows_max
        versions = await source.listing.versions(source.pool, source.filters, floor=self._rows.oldest, limit=limit)
        if len(versions) == limit:  # far more was written than the feed announced, as when a file is replayed
            await self._load()
        elif differing := self._rows.reconcile(ids_before, versions, self._source.version_of):
            with self._feed_on_hold():
                for row in self.from_postgres(await source.listing.get_many(source.pool, differing)):
                    self._put(row)
        if self._source.changed_at is not None:
            self._set_changed_at(await self._source.changed_at())
        await self._count_older()

    async def _count_older(self) -> None:
        """Count the older rows again, since the feed may not have announced one; less often the longer it takes."""
        started_s, oldest = self._steady_s(), self._rows.oldest
        if oldest is None:  # there are no older rows
            self._counted_s = started_s
            return
        if self._rows.older_count is not None and started_s < self._count_due_s:
            return
        late_count, source = self._rows.late_count, self._source.rows
        older_count = await source.listing.count_below(source.pool, source.filters, oldest)
        if (oldest, late_count) == (self._rows.oldest, self._rows.late_count):
            self._rows.set_older_count(older_count)
            self._counted_s = started_s
            self._count_due_s = started_s + COUNT_TIME_SHARE * (self._steady_s() - started_s)

    def _set_changed_at(self, at: datetime | None) -> None:
        if at is not None and (self.changed_at is None or at > self.changed_at):
            self.changed_at = at
            self._rows.version += 1

    def _put(self, row: CachedRow[R]) -> None:
        projection, version_of = row.projection, self._source.version_of
        if self._source.changed_at is not None:
            self._set_changed_at(projection.updated_at)  # type: ignore[attr-defined]  # sources with changed_at have it
        current = self._rows.get(projection.id)
        if current is not None and version_of(current.projection) >= version_of(projection):
            return
        if self._source.includes(projection):
            self._rows.put(row)
        elif current is not None:
            self._rows.remove(projection.id)

    def _normalize(self, payload: bytes) -> bytes:
        return encode(self._source.normalize(self._record.decode(payload)))
