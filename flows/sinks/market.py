"""MarketSink: write bars, events, gaps and rejects to Postgres.

One partition, whose snapshot makes Bytewax wait for it: input is not trimmed from the log before its results
are written here. Every row has a deterministic id, so writing a batch again, whole or in other parts, changes
nothing.
"""

from collections.abc import Collection, Sequence
from itertools import chain
from typing import NamedTuple

from bytewax.outputs import StatefulSinkPartition

from domain.signals import Event
from domain.slices import Reject, Slice
from domain.vocabulary import Vocabulary
from flows import slice_records
from flows.sinks.partitions import SinglePartitionSink
from flows.sinks.reconnecting import ReconnectingPostgres
from flows.sinks.retry import TIMEOUT_S
from store import bars, events, gaps, instruments, postgres, rejects
from store.bars import BarColumns
from store.gaps import Gap
from store.instruments import Instrument


class MarketSink(SinglePartitionSink[Slice, None]):
    """Writes Slices, keyed by shard, to Postgres.

    Parameters
    ----------
    database_url
        Address of Postgres; the database must be migrated.
    vocabulary
        Names for the codes in a Slice.
    timeout_s
        Seconds to wait for an unavailable Postgres before the process ends.
    """

    partition = "market"

    def __init__(self, database_url: str, vocabulary: Vocabulary, *, timeout_s: float = TIMEOUT_S) -> None:
        self._database_url, self._vocabulary, self._timeout_s = database_url, vocabulary, timeout_s

    def build_part(self, step_id: str, for_part: str, resume_state: None) -> "MarketPartition":  # noqa: ARG002
        """Create the writer."""
        return MarketPartition(self._database_url, self._vocabulary, timeout_s=self._timeout_s)


class MarketPartition(StatefulSinkPartition[Slice, None]):
    """The writer. It connects immediately, and reconnects whenever the connection is lost."""

    def __init__(self, database_url: str, vocabulary: Vocabulary, *, timeout_s: float) -> None:
        self._vocabulary = vocabulary
        self._listed: set[str] = set()
        self._postgres = ReconnectingPostgres(database_url, timeout_s=timeout_s)

    def write_batch(self, values: list[Slice]) -> None:
        """Write the Slices; return when they are durable.

        Raises
        ------
        ServiceError
            If Postgres is unavailable for longer than `timeout_s`.
        """
        batch = _gather(values, self._vocabulary, self._listed)
        if any(batch):
            self._postgres.run(lambda connection: _write(connection, batch))
            self._listed.update(instrument.name for instrument in batch.instruments)

    def snapshot(self) -> None:
        """Return no state: a replay writes the same rows again."""

    def close(self) -> None:
        """Close the connection."""
        self._postgres.close()


class _Batch(NamedTuple):
    """All records of a batch."""

    instruments: list[Instrument]
    bars: BarColumns | None
    events: list[Event]
    gaps: list[Gap]
    rejects: list[Reject]


def _write(connection: postgres.Connection, batch: _Batch) -> None:
    with postgres.transaction(connection):
        instruments.write(connection, batch.instruments)
        if batch.bars is not None:
            bars.write(connection, batch.bars)
        events.write(connection, batch.events)
        gaps.write(connection, batch.gaps)
        rejects.write(connection, batch.rejects)


def _gather(slices: Sequence[Slice], vocabulary: Vocabulary, listed: Collection[str]) -> _Batch:
    names = {name for each in slices for name in each.names}.difference(listed)
    columns = [slice_records.bars(each, vocabulary) for each in slices if each.bars.size]
    return _Batch(
        instruments=[slice_records.instrument(name) for name in sorted(names)],
        bars=bars.join(columns) if columns else None,
        events=list(chain.from_iterable(slice_records.events(each, vocabulary) for each in slices)),
        gaps=list(chain.from_iterable(slice_records.gaps(each) for each in slices)),
        rejects=list(chain.from_iterable(each.rejects for each in slices)),
    )
