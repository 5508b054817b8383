"""Serving: a server in a process of its own, looked at from outside until it listens, and until it rests."""

import os
import re
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from tempfile import TemporaryFile
from typing import IO, TypeVar

import psutil

PATIENCE_S = 30.0
LOOK_S = 0.2
RESTING = 0.05
"""Of a core: what a server may use that has nothing to do."""
T = TypeVar("T")


class Program:
    """One that runs, and what it says."""

    def __init__(self, process: "subprocess.Popen[bytes]", said: IO[bytes]) -> None:
        self._process, self._said = process, said
        self._seen = psutil.Process(process.pid)

    @property
    def cpu_s(self) -> float:
        """Seconds of processors that it has used."""
        used = self._seen.cpu_times()
        return float(used.user + used.system)

    @property
    def rss(self) -> int:
        """Bytes of memory that it has."""
        return int(self._seen.memory_info().rss)

    def says(self, pattern: str) -> tuple[str, ...]:
        """The groups of what it said, or will say soon."""
        found = self._await(lambda: re.search(pattern, self._text()), f"saying {pattern!r}")
        return found.groups()

    def takes(self, port: int) -> None:
        """Return when it takes connections."""
        self._await(lambda: _connects(port) or None, f"listening on port {port}")

    def rests(self) -> None:
        """Return when it has nothing left to do."""

        def idle() -> bool | None:
            before = self.cpu_s
            time.sleep(LOOK_S)
            return self.cpu_s - before < RESTING * LOOK_S or None

        self._await(lambda: idle() and idle(), "resting")

    def _text(self) -> str:
        return os.pread(self._said.fileno(), 1 << 20, 0).decode(errors="replace")

    def _await(self, look: Callable[[], T | None], what: str) -> T:
        end = time.monotonic() + PATIENCE_S
        while (found := look()) is None:
            ended = self._process.poll() is not None
            if ended or time.monotonic() > end:
                name, why = self._process.args, "ended" if ended else f"took over {PATIENCE_S:g} s"
                raise RuntimeError(f"{name} {why} before {what}; it said: {self._text()[-2_000:]}")
            time.sleep(0.02)
        return found


@contextmanager
def running(command: Sequence[str], environ: Mapping[str, str] | None = None) -> Iterator[Program]:
    """A program; it is gone afterwards."""
    with TemporaryFile() as said:
        process = subprocess.Popen(command, env=os.environ | dict(environ or {}), stdout=said, stderr=said)
        try:
            yield Program(process, said)
        finally:
            process.kill()
            process.wait()


@contextmanager
def serving(command: Sequence[str], environ: Mapping[str, str] | None = None) -> Iterator[tuple[Program, int]]:
    """A server that says `listening url=…`, and its port."""
    with running(command, environ) as program:
        port = int(program.says(r"listening url=http://\S+:(\d+)")[0])
        program.takes(port)
        yield program, port


@contextmanager
def api(database_url: str, redis_url: str, **settings: object) -> Iterator[tuple[Program, int]]:
    """`python -m api`; settings as in `[api]`."""
    environ = {"DATABASE_URL": database_url, "REDIS_URL": redis_url, "SIGNALENGINE_API_PORT": "0"}
    environ |= {f"SIGNALENGINE_API_{name.upper()}": str(value) for name, value in settings.items()}
    with serving([sys.executable, "-m", "api"], environ) as served:
        yield served


def _connects(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port)).close()
    except ConnectionRefusedError:
        return False
    return True
