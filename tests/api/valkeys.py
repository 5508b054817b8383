"""A Valkey of one's own, beside the one that all tests share."""

import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from flows.services import binaries, valkey
from flows.services.running import Running


class Valkey:
    """A Valkey of one's own, to be stopped and started again."""

    def __init__(self, directory: Path, *, durable: bool) -> None:
        self._directory = directory
        self._durable = durable
        self._running: Running | None = None
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
def own_valkey() -> Iterator[Callable[..., Valkey]]:
    """Starts one that keeps its data over a restart, or loses it."""
    directory = Path(tempfile.mkdtemp(prefix="se-"))
    started: list[Valkey] = []

    def start(*, durable: bool) -> Valkey:
        started.append(Valkey(directory, durable=durable))
        return started[0]

    yield start
    for one in started:
        one.stop()
    shutil.rmtree(directory)
