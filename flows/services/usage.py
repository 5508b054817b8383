"""Usage: pid, uptime, CPU and memory of each process of the instance."""

import time

import msgspec
import psutil

from flows.services.home import Home
from flows.services.process import read_record
from flows.services.shutdown import ORDER

_CPU_OVER_S = 0.2


class Usage(msgspec.Struct, frozen=True, kw_only=True):
    """Resource usage of one process, its children included.

    Attributes
    ----------
    cpu_percent
        Percent of one core, over the last fifth of a second.
    memory_mb
        Proportional set size in MB: private memory plus its share of shared memory.
    """

    name: str
    alive: bool
    pid: int | None = None
    uptime_s: float | None = None
    cpu_percent: float | None = None
    memory_mb: float | None = None


def usage(home: Home) -> list[Usage]:
    """Usage of every recorded process in start order, including those that have ended."""
    families = {name: _family(home, name) for name in reversed(ORDER) if home.record(name).exists()}
    for family in families.values():
        for member in family:
            _cpu_percent(member)  # the first call only starts the measurement
    time.sleep(_CPU_OVER_S)
    return [_measured(name, family) for name, family in families.items()]


def _family(home: Home, name: str) -> list[psutil.Process]:
    recorded = read_record(home.record(name))
    if recorded is None:
        return []
    try:
        process = psutil.Process(recorded.pid)
        return [process, *(process.children(recursive=True) if name != ORDER[0] else [])]
    except psutil.Error:
        return []


def _measured(name: str, family: list[psutil.Process]) -> Usage:
    try:
        return Usage(
            name=name,
            alive=True,
            pid=family[0].pid,
            uptime_s=round(time.time() - family[0].create_time(), 1),
            cpu_percent=round(sum(map(_cpu_percent, family)), 1),
            memory_mb=round(sum(map(_memory_bytes, family)) / 1e6, 1),
        )
    except (IndexError, psutil.Error):
        return Usage(name=name, alive=False)


def _cpu_percent(process: psutil.Process) -> float:
    try:
        return process.cpu_percent()
    except psutil.Error:
        return 0.0


def _memory_bytes(process: psutil.Process) -> int:
    """Proportional set size where the kernel reports it, since Postgres processes share most of their memory."""
    try:
        full = process.memory_full_info()
        return int(getattr(full, "pss", full.rss))
    except psutil.AccessDenied:
        return int(process.memory_info().rss)
    except psutil.Error:
        return 0
