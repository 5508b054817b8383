"""Serving: a server in a process of its own, watched from outside until it listens, and until it is idle."""

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

TIMEOUT_S = 30.0
POLL_S = 0.2
IDLE_CPU_MAX = 0.05
"""Fraction of a core that an idle server may use."""
T = TypeVar("T")


class Program:
    """A running program, its output and its resource use."""

    def __init__(self, process: "subprocess.Popen[bytes]", output: IO[bytes]) -> None:
        self._process, self._output = process, output
        self._usage = psutil.Process(process.pid)

    @property
    def cpu_s(self) -> float:
        """CPU seconds that it has used."""
        used = self._usage.cpu_times()
        return float(used.user + used.system)

    @property
    def rss(self) -> int:
        """Resident memory in bytes."""
        return int(self._usage.memory_info().rss)

    def wait_for_output(self, pattern: str) -> tuple[str, ...]:
        """Wait until its output matches `pattern`; return the groups of the match."""
        match = self._wait(lambda: re.search(pattern, self._text()), f"writing {pattern!r}")
        return match.groups()

    def wait_for_listener(self, port: int) -> None:
        """Wait until it accepts connections."""
        self._wait(lambda: _connects(port) or None, f"listening on port {port}")

    def wait_until_idle(self) -> None:
        """Wait until it uses hardly any CPU."""

        def idle() -> bool | None:
            before = self.cpu_s
            time.sleep(POLL_S)
            return self.cpu_s - before < IDLE_CPU_MAX * POLL_S or None

        self._wait(lambda: idle() and idle(), "being idle")

    def _text(self) -> str:
        return os.pread(self._output.fileno(), 1 << 20, 0).decode(errors="replace")

    def _wait(self, check: Callable[[], T | None], what: str) -> T:
        end = time.monotonic() + TIMEOUT_S
        while (result := check()) is None:
            ended = self._process.poll() is not None
            if ended or time.monotonic() > end:
                name, why = self._process.args, "ended" if ended else f"took over {TIMEOUT_S:g} s"
                raise RuntimeError(f"{name} {why} before {what}; its output: {self._text()[-2_000:]}")
            time.sleep(0.02)
        return result


@contextmanager
def running(command: Sequence[str], environ: Mapping[str, str] | None = None) -> Iterator[Program]:
    """Run a program; it is killed at the end."""
    with TemporaryFile() as output:
        process = subprocess.Popen(command, env=os.environ | dict(environ or {}), stdout=output, stderr=output)
        try:
            yield Program(process, output)
        finally:
            process.kill()
            process.wait()


@contextmanager
def serving(command: Sequence[str], environ: Mapping[str, str] | None = None) -> Iterator[tuple[Program, int]]:
    """Run a server that prints `listening url=…`; yield it with its port."""
    with running(command, environ) as program:
        port = int(program.wait_for_output(r"listening url=http://\S+:(\d+)")[0])
        program.wait_for_listener(port)
        yield program, port


@contextmanager
def api(database_url: str, redis_url: str, **settings: object) -> Iterator[tuple[Program, int]]:
    """Run `python -m api`; settings as in `[api]`."""
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
