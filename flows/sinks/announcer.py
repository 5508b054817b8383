"""Announcer: writes in one transaction, and announces what it left in the outbox once that is committed.

What an earlier connection, or an earlier run, committed and did not announce is announced first.
"""

from collections.abc import Callable

from flows.sinks.link import Link
from store import feed, outbox, postgres


class Announcer:
    """A connection to Postgres and one to the feed; made at once, and again whenever one is lost.

    Parameters
    ----------
    database_url, redis_url
        Where they are; the database must be migrated.
    announced
        The highest number that an earlier run announced.
    timeout_s
        Seconds to wait for a service that is away.

    Attributes
    ----------
    announced
        The highest number announced, by which a feed that lost its end is found out.

    Raises
    ------
    ServiceError
        If a service stays away for longer than our patience.
    """

    def __init__(self, database_url: str, redis_url: str, announced: int, *, timeout_s: float) -> None:
        self.announced = announced
        self._feed = feed.connect(redis_url)
        self._link = Link(database_url, timeout_s=timeout_s, greet=self._greet)

    def run(self, work: Callable[[postgres.Connection], int]) -> None:
        """Do `work` in a transaction; it may be begun several times, and returns how much waits in the outbox.

        Raises
        ------
        ServiceError
            If a service stays away for longer than our patience.
        """
        self._link.run(lambda connection: self._commit(connection, work))

    def close(self) -> None:
        """Let go of the connections."""
        self._link.close()
        self._feed.close()

    def _commit(self, connection: postgres.Connection, work: Callable[[postgres.Connection], int]) -> None:
        with postgres.transaction(connection):
            waiting = work(connection)
        if waiting:
            self._announce(connection)

    def _greet(self, connection: postgres.Connection) -> None:
        outbox.advance(connection, self._feed)
        self._announce(connection)

    def _announce(self, connection: postgres.Connection) -> None:
        """Empty the outbox. A feed that ends before what we announced has lost entries: readers are told."""
        newest = feed.newest(self._feed)
        if newest < self.announced:
            feed.renew_epoch(self._feed)
            self.announced = newest
        self.announced = max(self.announced, outbox.drain(connection, self._feed))
