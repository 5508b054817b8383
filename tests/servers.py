"""A Postgres and a Valkey of one test's own, which may be stopped, killed and started again."""

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
    """One of the two, on data that outlives it."""

    def __init__(self, kind: ModuleType, directory: Path) -> None:
        self._kind, self._directory = kind, directory
        self._programs = binaries.postgres_programs() if kind is postgres else binaries.redis_programs()
        self._running: RunningService | None = None

    def start(self) -> str:
        """Start it; its address."""
        self._running = self._kind.start(
            self._programs,
            self._directory / "data",
            sockets=self._directory,
            log=self._directory / "log",
            record=self._directory / "record.json",
            environ=os.environ,
            # Redis forgets what it held: the worst that a restart can do.
            durable=self._kind is postgres,
            dies_with_parent=True,
        )
        return self._running.url

    def stop(self) -> None:
        """Ask it to end, and wait."""
        if self._running is not None:
            self._running.process.stop(self._kind.STOP)
            self._running = None

    def kill(self) -> None:
        """End it with SIGKILL."""
        if self._running is not None:
            self._running.process.stop(((signal.SIGKILL, 10.0),))
            self._running = None


@contextmanager
def server(kind: ModuleType) -> Iterator[Server]:
    """A server for one test, of `flows.services.postgres` or `flows.services.valkey`."""
    directory = Path(tempfile.mkdtemp(prefix="se-"))
    own = Server(kind, directory)
    try:
        yield own
    finally:
        own.stop()
        shutil.rmtree(directory)
