"""OpportunitySink: write changes of arbitrage opportunities to Postgres and, after the commit, to the feed.

One partition, whose snapshot makes Bytewax wait for it: input is not trimmed from the log before its results
are written here. Writing a batch again, whole or in other parts, is safe: an opportunity keeps its newest
revision, and is published once per batch that has a newer one.
"""

from bytewax.outputs import StatefulSinkPartition

from domain.findings import Findings
from flows.sinks.outbox_publisher import OutboxPublisher
from flows.sinks.partitions import SinglePartitionSink
from flows.sinks.retry import TIMEOUT_S
from store import opportunities


class OpportunitySink(SinglePartitionSink[Findings, int]):
    """Writes opportunities, keyed by shard, to Postgres and the feed.

    Parameters
    ----------
    database_url, redis_url
        Their addresses; the database must be migrated.
    timeout_s
        Seconds to wait for an unavailable service before the process ends.
    """

    partition = "opportunities"

    def __init__(self, database_url: str, redis_url: str, *, timeout_s: float = TIMEOUT_S) -> None:
        self._urls, self._timeout_s = (database_url, redis_url), timeout_s

    def build_part(self, step_id: str, for_part: str, resume_state: int | None) -> "OpportunityPartition":  # noqa: ARG002
        """Create the writer, which first publishes what an earlier run committed and did not publish."""
        return OpportunityPartition(*self._urls, resume_state or 0, timeout_s=self._timeout_s)


class OpportunityPartition(StatefulSinkPartition[Findings, int]):
    """The writer. It connects immediately, and reconnects whenever a connection is lost."""

    def __init__(self, database_url: str, redis_url: str, published: int, *, timeout_s: float) -> None:
        self._publisher = OutboxPublisher(database_url, redis_url, published, timeout_s=timeout_s)

    def write_batch(self, values: list[Findings]) -> None:
        """Write the changes; return when they are durable and published.

        Raises
        ------
        ServiceError
            If Postgres or Redis is unavailable for longer than `timeout_s`.
        """
        changes = [change for each in values for change in each.opportunities]
        if changes:
            self._publisher.run(lambda connection: opportunities.write(connection, changes))

    def snapshot(self) -> int:
        """The highest sequence number published, which reveals a feed that has lost its newest entries."""
        return self._publisher.published

    def close(self) -> None:
        """Close the connections."""
        self._publisher.close()
