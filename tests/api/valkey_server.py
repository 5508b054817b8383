"""A Valkey server for one test alone, beside the one that the whole session shares."""

import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from flows.services import binaries, valkey
from flows.services.running import RunningService


class ValkeyServer:
    """A Valkey server that a test can stop and start again."""

    def __init__(self, directory: Path, *, durable: bool) -> None:
        self._directory = directory
        self._durable = durable
        self._running: RunningService | None = None
        self.start()

    @property
    def url(self) -> str:
        return valkey.url_of(self._directory)

    def start(self) -> None:
        self._running = valkey.start(
            binaries.redis_programs(),
            self._directory / "valkey",
            sockets=self._directory,
            log=self._directory / "log",
            record=self._directory / "record",
            environ=os.environ,
            durable=self._durable,
            dies_with_parent=True,
        )

    def stop(self) -> None:
        if self._running is not None:
            self._running.process.stop(valkey.STOP)
            self._running = None


@pytest.fixture
def start_valkey() -> Iterator[Callable[..., ValkeyServer]]:
    """Starts a server whose data survive a restart (`durable=True`) or do not."""
    directory = Path(tempfile.mkdtemp(prefix="se-"))
    servers: list[ValkeyServer] = []

    def start(*, durable: bool) -> ValkeyServer:
        servers.append(ValkeyServer(directory, durable=durable))
        return servers[0]

    yield start
    for server in servers:
        server.stop()
    shutil.rmtree(directory)
