"""Running: a service of our own that answers, and the wait until it does."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from domain.errors import ServiceError
from flows.services.launch import last_lines
from flows.services.process import Process

_POLL_S = 0.02


@dataclass(slots=True)
class Running:
    """A Postgres or Valkey that we started, or found running from an earlier start.

    Attributes
    ----------
    url
        Where clients reach it.
    origin
        Which program it is, for people.
    """

    name: str
    url: str
    origin: str
    process: Process


def wait_until_ready(
    name: str, process: Process, problem: Callable[[], str | None], log: Path, *, patience_s: float = 120.0
) -> None:
    """Return when `problem()` finds none.

    Long patience, because a server that was killed first repeats its log.

    Raises
    ------
    ServiceError
        If the process ends, or is not ready in time; with the end of its log.
    """
    deadline = time.monotonic() + patience_s
    while (reason := problem()) is not None:
        if not process.alive():
            raise ServiceError(f"{name} ended while it started; its log {log} ends with\n{last_lines(log)}")
        if time.monotonic() > deadline:
            process.stop()
            raise ServiceError(
                f"{name} was not ready after {patience_s:g} s ({reason}); its log {log} ends with\n{last_lines(log)}"
            )
        time.sleep(_POLL_S)
