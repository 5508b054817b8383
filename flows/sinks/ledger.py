"""LedgerSink: write decisions to Postgres and, after the commit, publish emitted ones to the feed.

One partition, whose snapshot makes Bytewax wait for it: input is not trimmed from the log before its results
are written here. Every row has a deterministic id, so writing a batch again, whole or in other parts, changes
nothing.
"""

from collections.abc import Sequence
from typing import NamedTuple

from bytewax.outputs import StatefulSinkPartition

from domain.aligned import Aligned
from domain.composites import Composite
from domain.executions import EquityDay, Execution
from domain.performance import Alert, Performance
from domain.signals import Outcome, Signal
from domain.vocabulary import Vocabulary
from flows import account_records, aligned_records
from flows.sinks.outbox_publisher import OutboxPublisher
from flows.sinks.partitions import SinglePartitionSink
from flows.sinks.retry import TIMEOUT_S
from store import alerts, composites, executions, outcomes, performance, postgres, signals


class LedgerSink(SinglePartitionSink[Aligned, int]):
    """Writes the results of all shards to Postgres and the feed.

    Parameters
    ----------
    database_url, redis_url
        Their addresses; the database must be migrated.
    vocabulary
        Names for the codes in the results.
    timeout_s
        Seconds to wait for an unavailable service before the process ends.
    """

    partition = "ledger"

    def __init__(
        self, database_url: str, redis_url: str, vocabulary: Vocabulary, *, timeout_s: float = TIMEOUT_S
    ) -> None:
        self._urls, self._vocabulary, self._timeout_s = (database_url, redis_url), vocabulary, timeout_s

    def build_part(self, step_id: str, for_part: str, resume_state: int | None) -> "LedgerPartition":  # noqa: ARG002
        """Create the writer, which first publishes what an earlier run committed and did not publish."""
        return LedgerPartition(*self._urls, self._vocabulary, resume_state or 0, timeout_s=self._timeout_s)


class LedgerPartition(StatefulSinkPartition[Aligned, int]):
    """The writer. It connects immediately, and reconnects whenever a connection is lost."""

    def __init__(
        self, database_url: str, redis_url: str, vocabulary: Vocabulary, published: int, *, timeout_s: float
    ) -> None:
        self._vocabulary = vocabulary
        self._publisher = OutboxPublisher(database_url, redis_url, published, timeout_s=timeout_s)

    def write_batch(self, values: list[Aligned]) -> None:
        """Write the results; return when they are durable and published.

        Raises
        ------
        ServiceError
            If Postgres or Redis is unavailable for longer than `timeout_s`.
        """
        batch = _gather(values, self._vocabulary)
        if any(batch):
            self._publisher.run(lambda connection: _write(connection, batch))

    def snapshot(self) -> int:
        """The highest sequence number published, which reveals a feed that has lost its newest entries."""
        return self._publisher.published

    def close(self) -> None:
        """Close the connections."""
        self._publisher.close()


class _Batch(NamedTuple):
    """All records of a batch."""

    signals: list[Signal]
    outcomes: list[Outcome]
    composites: list[Composite]
    executions: list[Execution]
    equity: list[EquityDay]
    performance: list[Performance]
    alerts: list[Alert]


def _write(connection: postgres.Connection, batch: _Batch) -> int:
    """Write the batch and return the number of outbox entries."""
    pending = signals.write(connection, batch.signals)
    outcomes.write(connection, batch.outcomes)
    pending += composites.write(connection, batch.composites)
    pending += executions.write(connection, batch.executions)
    executions.write_days(connection, batch.equity)
    pending += performance.write(connection, batch.performance)
    pending += alerts.write(connection, batch.alerts)
    return pending


def _gather(values: Sequence[Aligned], vocabulary: Vocabulary) -> _Batch:
    return _Batch(
        signals=[one for each in values for one in aligned_records.signals(each, vocabulary)],
        outcomes=[one for each in values for one in aligned_records.outcomes(each, vocabulary)],
        composites=[one for each in values for one in aligned_records.composites(each, vocabulary)],
        executions=[one for each in values for one in account_records.executions(each, vocabulary)],
        equity=[one for each in values for one in account_records.equity(each, vocabulary)],
        performance=[one for each in values for one in account_records.performance(each, vocabulary)],
        alerts=[one for each in values for one in account_records.alerts(each, vocabulary)],
    )
