"""LedgerSink: what was decided to Postgres, and what is emitted, once it is committed, to the feed.

One partition, whose snapshot makes Bytewax wait for it: what was read from the log is not forgotten
before it is here. Everything has an id that a replay repeats, so a batch may come again, whole or
cut otherwise, and changes nothing.
"""

from collections.abc import Sequence
from typing import NamedTuple

from bytewax.outputs import FixedPartitionedSink, StatefulSinkPartition

from domain.aligned import Aligned
from domain.composites import Composite
from domain.executions import EquityDay, Execution
from domain.performance import Alert, Performance
from domain.signals import Outcome, Signal
from domain.vocabulary import Vocabulary
from flows import accounts, judgements
from flows.sinks.link import Link
from flows.sinks.retry import PATIENCE_S
from store import alerts, composites, executions, feed, outbox, outcomes, performance, postgres, signals


class LedgerSink(FixedPartitionedSink[Aligned, int]):
    """Writes what all shards decided to Postgres and the feed.

    Parameters
    ----------
    database_url, redis_url
        Where they are; the database must be migrated.
    vocabulary
        The names behind the numbers.
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


class LedgerPartition(StatefulSinkPartition[Aligned, int]):
    """The writer. It connects at once, and again whenever a connection is lost."""

    def __init__(
        self, database_url: str, redis_url: str, vocabulary: Vocabulary, announced: int, *, patience_s: float
    ) -> None:
        self._vocabulary, self._announced = vocabulary, announced
        self._feed = feed.connect(redis_url)
        self._link = Link(database_url, patience_s=patience_s, greet=self._greet)

    def write_batch(self, values: list[Aligned]) -> None:
        """Write what was decided; return when it is durable and announced.

        Raises
        ------
        ServiceError
            If Postgres or Redis stays away for longer than our patience.
        """
        batch = _gather(values, self._vocabulary)
        if any(batch):
            self._link.run(lambda connection: self._write(connection, batch))

    def snapshot(self) -> int:
        """The highest number announced, by which a feed that lost its end is found out."""
        return self._announced

    def close(self) -> None:
        """Let go of the connections."""
        self._link.close()
        self._feed.close()

    def _write(self, connection: postgres.Connection, batch: "_Batch") -> None:
        with postgres.transaction(connection):
            waiting = signals.write(connection, batch.signals)
            outcomes.write(connection, batch.outcomes)
            waiting += composites.write(connection, batch.composites)
            waiting += executions.write(connection, batch.executions)
            executions.write_days(connection, batch.equity)
            waiting += performance.write(connection, batch.performance)
            waiting += alerts.write(connection, batch.alerts)
        if waiting:
            self._announce(connection)

    def _greet(self, connection: postgres.Connection) -> None:
        """First announce what an earlier connection left behind."""
        outbox.advance(connection, self._feed)
        self._announce(connection)

    def _announce(self, connection: postgres.Connection) -> None:
        """Empty the outbox. A feed that ends before what we announced has lost entries: readers are told."""
        newest = feed.newest(self._feed)
        if newest < self._announced:
            feed.renew_epoch(self._feed)
            self._announced = newest
        self._announced = max(self._announced, outbox.drain(connection, self._feed))


class _Batch(NamedTuple):
    """All that a batch of Aligned decided."""

    signals: list[Signal]
    outcomes: list[Outcome]
    composites: list[Composite]
    executions: list[Execution]
    equity: list[EquityDay]
    performance: list[Performance]
    alerts: list[Alert]


def _gather(values: Sequence[Aligned], words: Vocabulary) -> _Batch:
    return _Batch(
        signals=[one for each in values for one in judgements.signals(each, words)],
        outcomes=[one for each in values for one in judgements.outcomes(each, words)],
        composites=[one for each in values for one in judgements.composites(each, words)],
        executions=[one for each in values for one in accounts.executions(each, words)],
        equity=[one for each in values for one in accounts.equity(each)],
        performance=[one for each in values for one in accounts.performance(each, words)],
        alerts=[one for each in values for one in accounts.alerts(each, words)],
    )
