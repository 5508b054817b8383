"""Local Valkey: a unix socket and an append-only file, because it stores the log."""

import signal
from collections.abc import Mapping, Sequence
from pathlib import Path
from urllib.parse import quote

from domain.errors import ServiceError
from flows.services.binaries import Program
from flows.services.launch import launch
from flows.services.process import working_in
from flows.services.running import RunningService, wait_until_ready
from store.health_checks import check_redis

NAME = "valkey"
STOP = ((signal.SIGTERM, 30.0),)
"""It flushes its append-only file before it exits."""


def url_of(sockets: Path) -> str:
    """The address of the Valkey whose socket is in `sockets`."""
    return f"unix://{quote(str(sockets / 'valkey.sock'))}"


def start(
    programs: Sequence[Program],
    data: Path,
    *,
    sockets: Path,
    log: Path,
    record: Path,
    environ: Mapping[str, str],
    memory_mb: int = 1024,
    durable: bool = True,
    dies_with_parent: bool = False,
) -> RunningService:
    """Start Valkey (or Redis) on `data` and wait until it has loaded its data set.

    Parameters
    ----------
    programs
        Candidates, best first.
    sockets
        Directory for the socket.
    memory_mb
        Memory limit (`maxmemory`); beyond it writes are refused, nothing is evicted.
    durable
        False disables persistence, for tests.

    Raises
    ------
    ServiceError
        If the data is in use or the server does not start.
    """
    data.mkdir(parents=True, exist_ok=True)
    if pids := working_in(data):
        raise ServiceError(
            f"{data} is in use by process {', '.join(map(str, pids))}, which 'signalengine up' did not start; "
            f"stop it, or set REDIS_URL"
        )
    options = {
        "port": "0",
        "unixsocket": str(sockets / "valkey.sock"),
        "unixsocketperm": "700",
        "dir": str(data),
        "save": "",
        "appendonly": "yes" if durable else "no",
        "appendfsync": "everysec",
        "maxmemory": f"{memory_mb}mb",
        "maxmemory-policy": "noeviction",
    }
    command = [str(programs[0].path), *(arg for name, value in options.items() for arg in (f"--{name}", value))]
    process = launch(command, log=log, record=record, environ=environ, dies_with_parent=dies_with_parent)
    url = url_of(sockets)
    wait_until_ready("Valkey", process, lambda: check_redis(url), log)
    return RunningService(NAME, url, str(programs[0]), process)
