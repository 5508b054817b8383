"""Supervisor: starts parts and starts them again when they end, until they end too often.

A part that ends has failed, whatever its exit status: all of them are meant to run for ever. It is
started again after half a second, then one, two, four and so on, up to half a minute. A part that ends
six times within five minutes will not be cured by a seventh start.
"""

import signal
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from domain.errors import ServiceError
from flows.services.launch import last_lines
from flows.services.process import Process

CRASHES_MAX = 6
CRASHES_WITHIN_S = 300.0
PAUSE_LEAST_S, PAUSE_MOST_S = 0.5, 30.0


class Part(NamedTuple):
    """Something that must run."""

    name: str
    start: Callable[[], Process]
    log: Path


@dataclass(slots=True)
class _Life:
    process: Process | None = None
    crashes: deque[float] = field(default_factory=deque)
    due_at: float = 0.0


class Supervisor:
    """Keeps parts alive. It owns no thread; call `check` a few times a second.

    Parameters
    ----------
    say
        Takes a line for people.
    now
        Seconds on a clock that never goes back.
    """

    def __init__(self, say: Callable[[str], None], now: Callable[[], float] = time.monotonic) -> None:
        self._say, self._now = say, now
        self._parts: list[Part] = []
        self._lives: dict[str, _Life] = {}

    def start(self, part: Part) -> None:
        """Start `part` for the first time; if that fails, it fails."""
        self._parts.append(part)
        self._lives[part.name] = _Life(part.start())

    def check(self) -> None:
        """Start again whoever ended and has waited long enough.

        Raises
        ------
        ServiceError
            If a part has used up its crashes; with the end of its log.
        """
        for part in self._parts:
            life = self._lives[part.name]
            if life.process is None:
                if self._now() >= life.due_at:
                    self._restart(part, life)
            elif not life.process.alive():
                self._bury(part, life, _ending(life.process))

    def _restart(self, part: Part, life: _Life) -> None:
        try:
            life.process = part.start()
        except ServiceError as problem:
            self._bury(part, life, f"did not start: {problem}")
        else:
            self._say(f"{part.name} started again, pid {life.process.pid}")

    def _bury(self, part: Part, life: _Life, ending: str) -> None:
        now = self._now()
        life.process = None
        life.crashes.append(now)
        while life.crashes[0] < now - CRASHES_WITHIN_S:
            life.crashes.popleft()
        if len(life.crashes) >= CRASHES_MAX:
            raise ServiceError(
                f"{part.name} {ending}, {CRASHES_MAX} times within {CRASHES_WITHIN_S:g} s; "
                f"its log {part.log} ends with\n{last_lines(part.log)}"
            )
        pause_s = min(PAUSE_LEAST_S * 2 ** (len(life.crashes) - 1), PAUSE_MOST_S)
        life.due_at = now + pause_s
        self._say(f"{part.name} {ending}; starting it again in {pause_s:g} s")


def _ending(process: Process) -> str:
    status = process.exit_status()
    if status is None:
        return "ended"
    if status < 0:
        return f"was killed by {signal.Signals(-status).name}"
    return f"ended with status {status}"
