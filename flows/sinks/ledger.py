"""LedgerSink: conclusions to Postgres, and what is emitted, once it is committed, to the feed.

One partition, whose snapshot makes Bytewax wait for it: what was read from the log is not forgotten
before it is here. Everything has an id that a replay repeats, so a batch may come again, whole or
cut otherwise, and changes nothing. Signals are committed and announced first, since somebody waits
for them; their bars follow within the same batch.
"""

from collections.abc import Collection, Sequence
from itertools import chain
from typing import NamedTuple

from bytewax.outputs import FixedPartitionedSink, StatefulSinkPartition

from domain.errors import ServiceError
from domain.signals import Event, Outcome, Signal
from domain.slices import Reject, Slice
from domain.vocabulary import Vocabulary
from flows import conclusions
from flows.sinks.retry import retry
from store import bars, events, feed, gaps, instruments, outbox, outcomes, postgres, rejects, signals
from store.bars import BarColumns
from store.gaps import Gap
from store.instruments import Instrument

PATIENCE_S = 20.0


class LedgerSink(FixedPartitionedSink[Slice, int]):
    """Writes Slices, keyed by shard, to Postgres and the feed.

    Parameters
    ----------
    database_url, redis_url
        Where they are; the database must be migrated.
    vocabulary
        The names behind the numbers in a Slice.
    patience_s
        Seconds to wait for a service that is away before the process ends.
    """

    def __init__(
        self, database_url: str, redis_url: str, vocabulary: Vocabulary, *, patience_s: float = PATIENCE_S
    ) -> None:
        self._urls, self._vocabulary, self._patience_s = (database_url, redis_url), vocabulary, patience_s

    def list_parts(self) -> list[str]:
        """One partition: one order of announcements, one connection."""
        return ["ledger"]

    def part_fn(self, item_key: str) -> int:  # noqa: ARG002
        """The only partition."""
        return 0

    def build_part(self, step_id: str, for_part: str, resume_state: int | None) -> "LedgerPartition":  # noqa: ARG002
        """A partition that has announced what the last run committed and did not announce."""
        return LedgerPartition(*self._urls, self._vocabulary, resume_state or 0, patience_s=self._patience_s)


class LedgerPartition(StatefulSinkPartition[Slice, int]):
    """The writer. It connects at once, and again whenever a connection is lost."""

    def __init__(
        self, database_url: str, redis_url: str, vocabulary: Vocabulary, announced: int, *, patience_s: float
    ) -> None:
        self._database_url, self._vocabulary, self._patience_s = database_url, vocabulary, patience_s
        self._announced = announced
        self._listed: set[str] = set()
        self._feed = feed.connect(redis_url)
        self._connection: postgres.Connection | None = None
        retry(self._connected, patience_s=patience_s)

    def write_batch(self, values: list[Slice]) -> None:
        """Write what the Slices conclude; return when it is durable and announced.

        Raises
        ------
        ServiceError
            If Postgres or Redis stays away for longer than our patience.
        """
        batch = _gather(values, self._vocabulary, self._listed)
        retry(lambda: self._write(batch), patience_s=self._patience_s)
        self._listed.update(instrument.name for instrument in batch.instruments)

    def snapshot(self) -> int:
        """The highest number announced, by which a feed that lost its end is found out."""
        return self._announced

    def close(self) -> None:
        """Let go of the connections."""
        self._disconnect()
        self._feed.close()

    def _write(self, batch: "_Batch") -> None:
        connection = self._connected()
        try:
            if batch.instruments or batch.signals or batch.outcomes:
                with postgres.transaction(connection):
                    instruments.write(connection, batch.instruments)
                    waiting = signals.write(connection, batch.signals)
                    outcomes.write(connection, batch.outcomes)
                if waiting:
                    self._announce(connection)
            if batch.bars is not None or batch.events or batch.gaps or batch.rejects:
                with postgres.transaction(connection):
                    if batch.bars is not None:
                        bars.write(connection, batch.bars)
                    events.write(connection, batch.events)
                    gaps.write(connection, batch.gaps)
                    rejects.write(connection, batch.rejects)
        except ServiceError:
            self._disconnect()
            raise

    def _announce(self, connection: postgres.Connection) -> None:
        """Empty the outbox. A feed that ends before what we announced has lost entries: readers are told."""
        newest = feed.newest(self._feed)
        if newest < self._announced:
            feed.renew_epoch(self._feed)
            self._announced = newest
        self._announced = max(self._announced, outbox.drain(connection, self._feed))

    def _connected(self) -> postgres.Connection:
        """The connection; a new one first announces what an earlier one left behind."""
        if self._connection is None:
            connection = postgres.connect(self._database_url)
            try:
                outbox.advance(connection, self._feed)
                self._announce(connection)
            except BaseException:
                connection.close()
                raise
            self._connection = connection
        return self._connection

    def _disconnect(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None


class _Batch(NamedTuple):
    """All that a batch of Slices concludes."""

    instruments: list[Instrument]
    signals: list[Signal]
    outcomes: list[Outcome]
    bars: BarColumns | None
    events: list[Event]
    gaps: list[Gap]
    rejects: list[Reject]


def _gather(slices: Sequence[Slice], vocabulary: Vocabulary, listed: Collection[str]) -> _Batch:
    names = {name for each in slices for name in each.names}.difference(listed)
    columns = [conclusions.bars(each, vocabulary) for each in slices if each.bars.size]
    return _Batch(
        instruments=[conclusions.instrument(name) for name in sorted(names)],
        signals=list(chain.from_iterable(conclusions.signals(each, vocabulary) for each in slices)),
        outcomes=list(chain.from_iterable(conclusions.outcomes(each, vocabulary) for each in slices)),
        bars=bars.join(columns) if columns else None,
        events=list(chain.from_iterable(conclusions.events(each, vocabulary) for each in slices)),
        gaps=list(chain.from_iterable(conclusions.gaps(each) for each in slices)),
        rejects=list(chain.from_iterable(each.rejects for each in slices)),
    )
