"""Shutdown: end what the records name, in order: first who brings data in, last who keeps it."""

import signal
from collections.abc import Sequence

from flows.services import postgres, valkey
from flows.services.home import Home
from flows.services.process import read_record

SUPERVISOR = "supervisor"

_STEPS: dict[str, Sequence[tuple[signal.Signals, float]]] = {
    SUPERVISOR: ((signal.SIGTERM, 120.0),),  # it stops the rest itself
    "collector": ((signal.SIGTERM, 15.0),),
    "engine": ((signal.SIGTERM, 30.0),),  # finishes its epoch and takes a snapshot
    "api": ((signal.SIGTERM, 30.0),),  # tells its clients to reconnect
    "initdb": (),
    valkey.NAME: valkey.STOP,
    postgres.NAME: postgres.STOP,
}
ORDER = tuple(_STEPS)
"""All names, in the order in which they are stopped."""


def stop_recorded(home: Home, *, spare: Sequence[str] = (), at_once: bool = False) -> list[str]:
    """Stop every recorded process that verifiably is still ours.

    Parameters
    ----------
    spare
        Names to leave alone, such as the caller's own.
    at_once
        Give each but a second; what is durable stays so.

    Returns
    -------
    list of str
        Names of those that were alive.
    """
    stopped = []
    for name, steps in _STEPS.items():
        if name in spare:
            continue
        if process := read_record(home.record(name)):
            process.stop([(number, 1.0) for number, _ in steps[-1:]] if at_once else steps)
            stopped.append(name)
        home.record(name).unlink(missing_ok=True)
    return stopped
