"""Outbox publisher: write rows and their outbox entries in one transaction, then publish the entries.

Entries that an earlier connection or run committed and did not publish are published first.
"""

from collections.abc import Callable

from flows.sinks.reconnecting import ReconnectingPostgres
from store import feed, outbox, postgres


class OutboxPublisher:
    """Connections to Postgres and to the feed; opened at once, and reopened when one is lost.

    Parameters
    ----------
    database_url, redis_url
        Their addresses; the database must be migrated.
    published
        The highest sequence number that an earlier run published.
    timeout_s
        Seconds to wait for a service that is unavailable.

    Attributes
    ----------
    published
        The highest sequence number published, which reveals a feed that has lost its newest entries.

    Raises
    ------
    ServiceError
        If a service is unavailable for longer than `timeout_s`.
    """

    def __init__(self, database_url: str, redis_url: str, published: int, *, timeout_s: float) -> None:
        self.published = published
        self._feed = feed.connect(redis_url)
        self._postgres = ReconnectingPostgres(database_url, timeout_s=timeout_s, on_connect=self._on_connect)

    def run(self, work: Callable[[postgres.Connection], int]) -> None:
        """Run `work` in a transaction, then publish the outbox.

        Parameters
        ----------
        work
            Writes the rows and returns the number of outbox entries; may be retried.

        Raises
        ------
        ServiceError
            If a service is unavailable for longer than `timeout_s`.
        """
        self._postgres.run(lambda connection: self._commit(connection, work))

    def close(self) -> None:
        """Close the connections."""
        self._postgres.close()
        self._feed.close()

    def _commit(self, connection: postgres.Connection, work: Callable[[postgres.Connection], int]) -> None:
        with postgres.transaction(connection):
            pending = work(connection)
        if pending:
            self._publish(connection)

    def _on_connect(self, connection: postgres.Connection) -> None:
        outbox.advance(connection, self._feed)
        self._publish(connection)

    def _publish(self, connection: postgres.Connection) -> None:
        """Publish and empty the outbox; if the feed has lost published entries, start a new epoch for its readers."""
        newest = feed.newest(self._feed)
        if newest < self.published:
            feed.renew_epoch(self._feed)
            self.published = newest
        self.published = max(self.published, outbox.drain(connection, self._feed))
