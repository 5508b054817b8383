"""Process: something we started, known by its pid and its start, so that a reused pid is never ours.

A kernel hands out pids again. The start time says which life of a pid is meant: on Linux the clock
tick since boot together with the boot's own id, which no change of the wall clock can move.
"""

import os
import signal
import subprocess
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import msgspec
import psutil

_POLL_S = 0.02


class Record(msgspec.Struct, frozen=True):
    """What is written down about a process before it becomes its program."""

    pid: int
    started: str
    command: list[str]


@dataclass(slots=True)
class Process:
    """A process that we started, now or in an earlier run.

    Attributes
    ----------
    pid, started
        Its pid, and `start_of(pid)` when it was ours.
    child
        The handle if this very process started it; it must then be reaped here.
    """

    pid: int
    started: str
    child: "subprocess.Popen[bytes] | None" = field(default=None, repr=False, compare=False)

    def alive(self) -> bool:
        """Whether it still runs; another process under the same pid does not count."""
        if self.child is not None:
            return self.child.poll() is None
        return start_of(self.pid) == self.started

    def exit_status(self) -> int | None:
        """As the kernel told it to its parent: negative for a signal; None if it lives, or is nobody's child here."""
        return self.child.poll() if self.child is not None else None

    def send(self, number: signal.Signals) -> None:
        """Send a signal, unless it has ended."""
        if self.alive():
            with suppress(ProcessLookupError):
                os.kill(self.pid, number)

    def stop(self, steps: Sequence[tuple[signal.Signals, float]] = ((signal.SIGTERM, 10.0),)) -> None:
        """End it: each signal is given its seconds, SIGKILL has the last word.

        Raises
        ------
        TimeoutError
            If it survives even SIGKILL for ten seconds, as a process stuck in the kernel does.
        """
        for number, patience_s in (*steps, (signal.SIGKILL, 10.0)):
            self.send(number)
            deadline = time.monotonic() + patience_s
            while self.alive():
                if time.monotonic() > deadline:
                    break
                time.sleep(_POLL_S)
            else:
                return
        raise TimeoutError(f"process {self.pid} does not end, not even by SIGKILL")


def start_of(pid: int) -> str | None:
    """A text that no other process shares; None if no live process has this pid."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return _start_without_proc(pid)
    # The second field, the name, may hold spaces and brackets.
    state, *rest = stat.rpartition(")")[2].split()
    if state in "ZX":
        return None
    boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    return f"{boot}/{rest[18]}"


def _start_without_proc(pid: int) -> str | None:
    if Path("/proc/self/stat").exists():
        return None
    try:
        process = psutil.Process(pid)
        return None if process.status() == psutil.STATUS_ZOMBIE else f"{process.create_time():.2f}"
    except psutil.Error:
        return None


def write_record(path: Path, pid: int, command: Sequence[str]) -> Process:
    """Write down a live process, whole or not at all."""
    started = start_of(pid) or ""
    draft = path.with_suffix(f".{os.getpid()}")
    draft.write_bytes(msgspec.json.encode(Record(pid, started, list(command))))
    draft.replace(path)
    return Process(pid, started)


def read_record(path: Path) -> Process | None:
    """The recorded process if it still lives; a record of a dead one is no process."""
    try:
        record = msgspec.json.decode(path.read_bytes(), type=Record)
    except (FileNotFoundError, msgspec.DecodeError):
        return None
    process = Process(record.pid, record.started)
    return process if process.alive() else None


def working_in(directory: Path) -> list[int]:
    """Pids of the processes whose working directory is `directory`.

    Postgres and Valkey live in their data directory, backends included, so this tells whether a data
    directory is in use even where every record was lost.
    """
    home = str(directory.resolve())
    return [process.pid for process in psutil.process_iter(["cwd"]) if process.info["cwd"] == home]
