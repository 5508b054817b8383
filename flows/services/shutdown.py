"""Shutdown: stop the recorded processes in order, producers of data first and databases last."""

import signal
from collections.abc import Sequence

from flows.services import postgres, valkey
from flows.services.home import Home
from flows.services.process import read_record

SUPERVISOR = "supervisor"

_STEPS: dict[str, Sequence[tuple[signal.Signals, float]]] = {
    SUPERVISOR: ((signal.SIGTERM, 120.0),),  # it stops the others itself
    "collector": ((signal.SIGTERM, 15.0),),
    "engine": ((signal.SIGTERM, 30.0),),  # finishes its epoch and takes a snapshot
    "api": ((signal.SIGTERM, 30.0),),  # asks its clients to reconnect
    "initdb": (),
    valkey.NAME: valkey.STOP,
    postgres.NAME: postgres.STOP,
}
ORDER = tuple(_STEPS)
"""All names, in the order in which they are stopped."""


def stop_recorded(home: Home, *, exclude: Sequence[str] = (), at_once: bool = False) -> list[str]:
    """Stop every recorded process that is still alive.

    Parameters
    ----------
    exclude
        Names to leave running, such as the caller's own.
    at_once
        Wait only a second for each before SIGKILL; durable data is unaffected.

    Returns
    -------
    list of str
        Names of the processes that were alive.
    """
    stopped = []
    for name, steps in _STEPS.items():
        if name in exclude:
            continue
        if process := read_record(home.record(name)):
            process.stop([(number, 1.0) for number, _ in steps[-1:]] if at_once else steps)
            stopped.append(name)
        home.record(name).unlink(missing_ok=True)
    return stopped
