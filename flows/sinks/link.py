"""Link: a connection to Postgres that is made anew when it is lost."""

from collections.abc import Callable

from domain.errors import ServiceError
from flows.sinks.retry import retry
from store import postgres
from store.postgres import Connection


class Link:
    """Runs work on a connection until it has succeeded or patience ends. It connects at once.

    Parameters
    ----------
    database_url
        Where Postgres is; the database must be migrated.
    timeout_s
        Seconds to go on trying.
    greet
        What to do first on every new connection.

    Raises
    ------
    ServiceError
        If Postgres, or what `greet` needs, stays away for longer than our patience.
    """

    def __init__(
        self, database_url: str, *, timeout_s: float, greet: Callable[[Connection], None] | None = None
    ) -> None:
        self._url, self._timeout_s, self._greet = database_url, timeout_s, greet
        self._connection: Connection | None = None
        retry(self._connected, timeout_s=timeout_s)

    def run(self, work: Callable[[Connection], None]) -> None:
        """Do `work`, which may be begun several times.

        Raises
        ------
        ServiceError
            If a service stays away for longer than our patience.
        """
        retry(lambda: self._attempt(work), timeout_s=self._timeout_s)

    def close(self) -> None:
        """Let go of the connection."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _attempt(self, work: Callable[[Connection], None]) -> None:
        try:
            work(self._connected())
        except ServiceError:
            self.close()
            raise

    def _connected(self) -> Connection:
        if self._connection is None:
            connection = postgres.connect(self._url)
            try:
                if self._greet is not None:
                    self._greet(connection)
            except BaseException:
                connection.close()
                raise
            self._connection = connection
        return self._connection
