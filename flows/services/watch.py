"""Watch: the live display of `up` in the foreground: each new signal, and the state of the processes."""

import time
from collections import deque
from collections.abc import Callable

import msgspec

from domain.signals import Signal
from flows.services.home import Home, Instance
from flows.services.terminal import Terminal
from flows.services.usage import Usage, usage
from flows.services.web import get

_SIGNALS_EVERY_S = 2.0
_PROCESSES_EVERY_S = {True: 2.0, False: 60.0}
"""Interval by whether the output is a terminal, whose status line is overwritten."""
_SIGNALS_AT_ONCE = 20


class _Response(msgspec.Struct):
    signals: list[Signal]


class Watch:
    """Polls a running instance and prints what is new; call `tick` often.

    Parameters
    ----------
    now
        Monotonic clock, in seconds.
    """

    def __init__(self, home: Home, terminal: Terminal, now: Callable[[], float] = time.monotonic) -> None:
        self._home, self._terminal, self._now = home, terminal, now
        self._url: str | None = None
        self._seen: deque[str] = deque(maxlen=10 * _SIGNALS_AT_ONCE)
        self._signals_at = self._processes_at = now()

    def start(self, instance: Instance) -> None:
        """Begin to poll a ready instance; signals that it already has are not printed."""
        self._url = f"{instance.url}/signals?limit={_SIGNALS_AT_ONCE}"
        self._seen.extend(signal.id for signal in self._newest())

    def tick(self) -> None:
        """Print new signals and process states whose interval has passed."""
        if self._now() >= self._signals_at:
            new = [signal for signal in self._newest() if signal.id not in self._seen]
            if len(new) == _SIGNALS_AT_ONCE:
                self._terminal.print_line("(more signals than can be shown)")
            for signal in reversed(new):
                self._seen.append(signal.id)
                self._terminal.print_line(_signal_line(signal))
            self._signals_at = self._now() + _SIGNALS_EVERY_S
        if self._now() >= self._processes_at:
            line = " · ".join(map(_process_summary, usage(self._home)))
            (self._terminal.update_status if self._terminal.live else self._terminal.print_line)(line)
            self._processes_at = self._now() + _PROCESSES_EVERY_S[self._terminal.live]

    def _newest(self) -> list[Signal]:
        """The newest signals, newest first; none while the API is unreachable."""
        if self._url is None:
            return []
        body, _ = get(self._url, timeout_s=1)
        try:
            return msgspec.json.decode(body, type=_Response).signals
        except msgspec.DecodeError:
            return []


def _signal_line(signal: Signal) -> str:
    source = "simulated" if signal.simulated else signal.venue
    return (
        f"{signal.detected_at:%m-%d %H:%M}  {source}  {signal.signal_type} {signal.raw_confidence:.2f}  {signal.reason}"
    )


def _process_summary(process: Usage) -> str:
    if not process.alive:
        return f"{process.name} exited"
    return f"{process.name} {process.cpu_percent:.0f}% {process.memory_mb:.0f} MB"
