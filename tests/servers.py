"""A Postgres or Valkey for a single test, which can stop, kill and restart it."""

import os
import shutil
import signal
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType

from flows.services import binaries, postgres
from flows.services.running import RunningService


class Server:
    """A server whose data directory outlives its process."""

    url = ""

    def __init__(self, service: ModuleType, directory: Path, *, durable: bool) -> None:
        self._service, self._directory, self._durable = service, directory, durable
        self._programs = binaries.postgres_programs() if service is postgres else binaries.redis_programs()
        self._running: RunningService | None = None

    def start(self) -> str:
        """Start the server and return its address, which is always the same."""
        self._running = self._service.start(
            self._programs,
            self._directory / "data",
            sockets=self._directory,
            log=self._directory / "log",
            record=self._directory / "record.json",
            environ=os.environ,
            durable=self._durable,
            dies_with_parent=True,
        )
        self.url = self._running.url
        return self.url

    def stop(self) -> None:
        """Stop the server gracefully and wait for its end."""
        if self._running is not None:
            self._running.process.stop(self._service.STOP)
            self._running = None

    def kill(self) -> None:
        """Kill the server with SIGKILL."""
        if self._running is not None:
            self._running.process.stop(((signal.SIGKILL, 10.0),))
            self._running = None


@contextmanager
def server(service: ModuleType, *, durable: bool | None = None) -> Iterator[Server]:
    """A server for one test.

    Parameters
    ----------
    service
        `flows.services.postgres` or `flows.services.valkey`.
    durable
        Whether the data survive a restart. By default those of Postgres do and those of Valkey do not, which is
        the worst that a restart of it can do.
    """
    directory = Path(tempfile.mkdtemp(prefix="se-"))
    own = Server(service, directory, durable=service is postgres if durable is None else durable)
    try:
        yield own
    finally:
        own.stop()
        shutil.rmtree(directory)
