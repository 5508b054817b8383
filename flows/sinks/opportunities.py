"""OpportunitySink: arbitrage while it lasts, to Postgres and, once it is committed, to the feed.

One partition, whose snapshot makes Bytewax wait for it: what was read from the log is not forgotten
before it is here. A batch may come again, whole or cut otherwise: an opportunity stays at its newest
revision, and is announced once for each batch that brings a newer one.
"""

from bytewax.outputs import StatefulSinkPartition

from domain.findings import Findings
from flows.sinks.announcer import Announcer
from flows.sinks.parts import OnePart
from flows.sinks.retry import TIMEOUT_S
from store import opportunities


class OpportunitySink(OnePart[Findings, int]):
    """Writes what shards found, keyed by shard, to Postgres and the feed.

    Parameters
    ----------
    database_url, redis_url
        Where they are; the database must be migrated.
    timeout_s
        Seconds to wait for a service that is away before the process ends.
    """

    part = "opportunities"

    def __init__(self, database_url: str, redis_url: str, *, timeout_s: float = TIMEOUT_S) -> None:
        self._urls, self._timeout_s = (database_url, redis_url), timeout_s

    def build_part(self, step_id: str, for_part: str, resume_state: int | None) -> "OpportunityPartition":  # noqa: ARG002
        """A partition that has announced what the last run committed and did not announce."""
        return OpportunityPartition(*self._urls, resume_state or 0, timeout_s=self._timeout_s)


class OpportunityPartition(StatefulSinkPartition[Findings, int]):
    """The writer. It connects at once, and again whenever a connection is lost."""

    def __init__(self, database_url: str, redis_url: str, announced: int, *, timeout_s: float) -> None:
        self._announcer = Announcer(database_url, redis_url, announced, timeout_s=timeout_s)

    def write_batch(self, values: list[Findings]) -> None:
        """Write what was found; return when it is durable and announced.

        Raises
        ------
        ServiceError
            If Postgres or Redis stays away for longer than our patience.
        """
        found = [one for each in values for one in each.opportunities]
        if found:
            self._announcer.run(lambda connection: opportunities.write(connection, found))

    def snapshot(self) -> int:
        """The highest number announced, by which a feed that lost its end is found out."""
        return self._announcer.announced

    def close(self) -> None:
        """Let go of the connections."""
        self._announcer.close()
