"""Supervisor: start components and restart them with backoff when they exit, until they exit too often.

A component that exits has failed, whatever its exit status: all of them are meant to run forever. It is
restarted after half a second, then one, two, four and so on, up to half a minute. Six exits within five
minutes are reported as an error instead of a seventh start.
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
BACKOFF_MIN_S, BACKOFF_MAX_S = 0.5, 30.0


class Component(NamedTuple):
    """A process to keep running: its name, how to start it, and its log file."""

    name: str
    start: Callable[[], Process]
    log: Path


@dataclass(slots=True)
class _State:
    process: Process | None = None
    crashes: deque[float] = field(default_factory=deque)
    due_at: float = 0.0


class Supervisor:
    """Keeps components running. It owns no thread; call `check` a few times a second.

    Parameters
    ----------
    report
        Called with each line to log.
    now
        Monotonic clock, in seconds.
    """

    def __init__(self, report: Callable[[str], None], now: Callable[[], float] = time.monotonic) -> None:
        self._report, self._now = report, now
        self._components: list[Component] = []
        self._states: dict[str, _State] = {}

    def start(self, component: Component) -> None:
        """Start and supervise `component`; an error of this first start is raised, not retried."""
        self._components.append(component)
        self._states[component.name] = _State(component.start())

    def check(self) -> None:
        """Restart each component that has exited and whose backoff is over.

        Raises
        ------
        ServiceError
            If a component exited too often; the message has the last lines of its log.
        """
        for component in self._components:
            state = self._states[component.name]
            if state.process is None:
                if self._now() >= state.due_at:
                    self._restart(component, state)
            elif not state.process.alive():
                self._record_exit(component, state, _exit_reason(state.process))

    def _restart(self, component: Component, state: _State) -> None:
        try:
            state.process = component.start()
        except ServiceError as problem:
            self._record_exit(component, state, f"did not start: {problem}")
        else:
            self._report(f"{component.name} restarted, pid {state.process.pid}")

    def _record_exit(self, component: Component, state: _State, reason: str) -> None:
        now = self._now()
        state.process = None
        state.crashes.append(now)
        while state.crashes[0] < now - CRASHES_WITHIN_S:
            state.crashes.popleft()
        if len(state.crashes) >= CRASHES_MAX:
            raise ServiceError(
                f"{component.name} {reason}, {CRASHES_MAX} times within {CRASHES_WITHIN_S:g} s; "
                f"its log {component.log} ends with\n{last_lines(component.log)}"
            )
        pause_s = min(BACKOFF_MIN_S * 2 ** (len(state.crashes) - 1), BACKOFF_MAX_S)
        state.due_at = now + pause_s
        self._report(f"{component.name} {reason}; restarting it in {pause_s:g} s")


def _exit_reason(process: Process) -> str:
    status = process.exit_status()
    if status is None:
        return "exited"
    if status < 0:
        return f"was killed by {signal.Signals(-status).name}"
    return f"exited with status {status}"
