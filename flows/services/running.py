"""Running: a local service that is up, and the wait until it is ready."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from domain.errors import ServiceError
from flows.services.launch import last_lines
from flows.services.process import Process

_POLL_S = 0.02


@dataclass(slots=True)
class RunningService:
    """A local Postgres or Valkey that accepts connections.

    Attributes
    ----------
    url
        Address for clients.
    origin
        The server binary, for display.
    """

    name: str
    url: str
    origin: str
    process: Process


def wait_until_ready(
    name: str, process: Process, problem: Callable[[], str | None], log: Path, *, timeout_s: float = 120.0
) -> None:
    """Return when `problem()` returns None.

    The default timeout is long, because a server that was killed first replays its log.

    Raises
    ------
    ServiceError
        If the process ends, or is not ready in time; the message has the last lines of its log.
    """
    deadline = time.monotonic() + timeout_s
    while (reason := problem()) is not None:
        if not process.alive():
            raise ServiceError(f"{name} exited during start-up; its log {log} ends with\n{last_lines(log)}")
        if time.monotonic() > deadline:
            process.stop()
            raise ServiceError(
                f"{name} was not ready after {timeout_s:g} s ({reason}); its log {log} ends with\n{last_lines(log)}"
            )
        time.sleep(_POLL_S)
