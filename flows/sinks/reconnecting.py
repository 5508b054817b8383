"""Reconnecting: a connection to Postgres that is reopened when it is lost."""

from collections.abc import Callable

from domain.errors import ServiceError
from flows.sinks.retry import retry
from store import postgres
from store.postgres import Connection


class ReconnectingPostgres:
    """Runs work on a connection and retries it until it succeeds or times out. It connects immediately.

    Parameters
    ----------
    database_url
        Address of Postgres; the database must be migrated.
    timeout_s
        Seconds to keep retrying.
    on_connect
        Called first with every new connection.

    Raises
    ------
    ServiceError
        If Postgres, or a service that `on_connect` uses, is unavailable for longer than `timeout_s`.
    """

    def __init__(
        self, database_url: str, *, timeout_s: float, on_connect: Callable[[Connection], None] | None = None
    ) -> None:
        self._url, self._timeout_s, self._on_connect = database_url, timeout_s, on_connect
        self._connection: Connection | None = None
        retry(self._connected, timeout_s=timeout_s)

    def run(self, work: Callable[[Connection], None]) -> None:
        """Run `work`, which must be safe to retry.

        Raises
        ------
        ServiceError
            If a service is unavailable for longer than `timeout_s`.
        """
        retry(lambda: self._attempt(work), timeout_s=self._timeout_s)

    def close(self) -> None:
        """Close the connection."""
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
                if self._on_connect is not None:
                    self._on_connect(connection)
            except BaseException:
                connection.close()
                raise
            self._connection = connection
        return self._connection
