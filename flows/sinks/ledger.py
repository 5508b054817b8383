"""LedgerSink: what was decided to Postgres, and what is emitted, once it is committed, to the feed.

One partition, whose snapshot makes Bytewax wait for it: what was read from the log is not forgotten
before it is here. Everything has an id that a replay repeats, so a batch may come again, whole or
cut otherwise, and changes nothing.
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
from flows import accounts, judgements
from flows.sinks.announcer import Announcer
from flows.sinks.parts import OnePart
from flows.sinks.retry import TIMEOUT_S
from store import alerts, composites, executions, outcomes, performance, postgres, signals


class LedgerSink(OnePart[Aligned, int]):
    """Writes what all shards decided to Postgres and the feed.

    Parameters
    ----------
    database_url, redis_url
        Where they are; the database must be migrated.
    vocabulary
        The names behind the numbers.
    timeout_s
        Seconds to wait for a service that is away before the process ends.
    """

    part = "ledger"

    def __init__(
        self, database_url: str, redis_url: str, vocabulary: Vocabulary, *, timeout_s: float = TIMEOUT_S
    ) -> None:
        self._urls, self._vocabulary, self._timeout_s = (database_url, redis_url), vocabulary, timeout_s

    def build_part(self, step_id: str, for_part: str, resume_state: int | None) -> "LedgerPartition":  # noqa: ARG002
        """A partition that has announced what the last run committed and did not announce."""
        return LedgerPartition(*self._urls, self._vocabulary, resume_state or 0, timeout_s=self._timeout_s)


class LedgerPartition(StatefulSinkPartition[Aligned, int]):
    """The writer. It connects at once, and again whenever a connection is lost."""

    def __init__(
        self, database_url: str, redis_url: str, vocabulary: Vocabulary, announced: int, *, timeout_s: float
    ) -> None:
        self._vocabulary = vocabulary
        self._announcer = Announcer(database_url, redis_url, announced, timeout_s=timeout_s)

    def write_batch(self, values: list[Aligned]) -> None:
        """Write what was decided; return when it is durable and announced.

        Raises
        ------
        ServiceError
            If Postgres or Redis stays away for longer than our patience.
        """
        batch = _gather(values, self._vocabulary)
        if any(batch):
            self._announcer.run(lambda connection: _write(connection, batch))

    def snapshot(self) -> int:
        """The highest number announced, by which a feed that lost its end is found out."""
        return self._announcer.announced

    def close(self) -> None:
        """Let go of the connections."""
        self._announcer.close()


class _Batch(NamedTuple):
    """All that a batch of Aligned decided."""

    signals: list[Signal]
    outcomes: list[Outcome]
    composites: list[Composite]
    executions: list[Execution]
    equity: list[EquityDay]
    performance: list[Performance]
    alerts: list[Alert]


def _write(connection: postgres.Connection, batch: _Batch) -> int:
    """Write it all; how much of it waits in the outbox."""
    waiting = signals.write(connection, batch.signals)
    outcomes.write(connection, batch.outcomes)
    waiting += composites.write(connection, batch.composites)
    waiting += executions.write(connection, batch.executions)
    executions.write_days(connection, batch.equity)
    waiting += performance.write(connection, batch.performance)
    waiting += alerts.write(connection, batch.alerts)
    return waiting


def _gather(values: Sequence[Aligned], words: Vocabulary) -> _Batch:
    return _Batch(
        signals=[one for each in values for one in judgements.signals(each, words)],
        outcomes=[one for each in values for one in judgements.outcomes(each, words)],
        composites=[one for each in values for one in judgements.composites(each, words)],
        executions=[one for each in values for one in accounts.executions(each, words)],
        equity=[one for each in values for one in accounts.equity(each, words)],
        performance=[one for each in values for one in accounts.performance(each, words)],
        alerts=[one for each in values for one in accounts.alerts(each, words)],
    )
