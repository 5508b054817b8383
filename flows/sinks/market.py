"""MarketSink: what the market did, to Postgres: bars, events, gaps, and what could not be used.

One partition, whose snapshot makes Bytewax wait for it: what was read from the log is not forgotten
before it is here. Everything has an id that a replay repeats, so a batch may come again, whole or
cut otherwise, and changes nothing.
"""

from collections.abc import Collection, Sequence
from itertools import chain
from typing import NamedTuple

from bytewax.outputs import StatefulSinkPartition

from domain.signals import Event
from domain.slices import Reject, Slice
from domain.vocabulary import Vocabulary
from flows import conclusions
from flows.sinks.link import Link
from flows.sinks.parts import OnePart
from flows.sinks.retry import TIMEOUT_S
from store import bars, events, gaps, instruments, postgres, rejects
from store.bars import BarColumns
from store.gaps import Gap
from store.instruments import Instrument


class MarketSink(OnePart[Slice, None]):
    """Writes Slices, keyed by shard, to Postgres.

    Parameters
    ----------
    database_url
        Where Postgres is; the database must be migrated.
    vocabulary
        The names behind the numbers in a Slice.
    timeout_s
        Seconds to wait for Postgres when it is away before the process ends.
    """

    part = "market"

    def __init__(self, database_url: str, vocabulary: Vocabulary, *, timeout_s: float = TIMEOUT_S) -> None:
        self._database_url, self._vocabulary, self._timeout_s = database_url, vocabulary, timeout_s

    def build_part(self, step_id: str, for_part: str, resume_state: None) -> "MarketPartition":  # noqa: ARG002
        """The writer."""
        return MarketPartition(self._database_url, self._vocabulary, timeout_s=self._timeout_s)


class MarketPartition(StatefulSinkPartition[Slice, None]):
    """The writer. It connects at once, and again whenever the connection is lost."""

    def __init__(self, database_url: str, vocabulary: Vocabulary, *, timeout_s: float) -> None:
        self._vocabulary = vocabulary
        self._listed: set[str] = set()
        self._link = Link(database_url, timeout_s=timeout_s)

    def write_batch(self, values: list[Slice]) -> None:
        """Write what the Slices hold; return when it is durable.

        Raises
        ------
        ServiceError
            If Postgres stays away for longer than our patience.
        """
        batch = _gather(values, self._vocabulary, self._listed)
        if any(batch):
            self._link.run(lambda connection: _write(connection, batch))
            self._listed.update(instrument.name for instrument in batch.instruments)

    def snapshot(self) -> None:
        """Nothing: a replay writes the same again."""

    def close(self) -> None:
        """Let go of the connection."""
        self._link.close()


class _Batch(NamedTuple):
    """All that a batch of Slices holds."""

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
    columns = [conclusions.bars(each, vocabulary) for each in slices if each.bars.size]
    return _Batch(
        instruments=[conclusions.instrument(name) for name in sorted(names)],
        bars=bars.join(columns) if columns else None,
        events=list(chain.from_iterable(conclusions.events(each, vocabulary) for each in slices)),
        gaps=list(chain.from_iterable(conclusions.gaps(each) for each in slices)),
        rejects=list(chain.from_iterable(each.rejects for each in slices)),
    )
