"""Watch: what a person who stays to look is shown: how the processes are."""

import time
from collections.abc import Callable

from flows.services.home import Home
from flows.services.terminal import Terminal
from flows.services.usage import Usage, usage

_LIVE_EVERY_S, _PLAIN_EVERY_S = 2.0, 60.0


class Watch:
    """Shows the state of the instance now and then; call `tick` often."""

    def __init__(self, home: Home, terminal: Terminal, now: Callable[[], float] = time.monotonic) -> None:
        self._home, self._terminal, self._now = home, terminal, now
        self._every_s = _LIVE_EVERY_S if terminal.live else _PLAIN_EVERY_S
        self._due_at = now() + self._every_s

    def tick(self) -> None:
        """Show it if it is time."""
        if self._now() < self._due_at:
            return
        line = " · ".join(map(_in_short, usage(self._home)))
        if self._terminal.live:
            self._terminal.show(line)
        else:
            self._terminal.say(line)
        self._due_at = self._now() + self._every_s


def _in_short(process: Usage) -> str:
    return (
        f"{process.name} {process.cpu_percent:.0f}% {process.memory_mb:.0f} MB"
        if process.alive
        else f"{process.name} ended"
    )
