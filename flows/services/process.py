"""Process: a started process, identified by its pid and its start time, so that a reused pid never matches.

The kernel reuses pids. The start time tells which process had the pid: on Linux the clock tick since boot
together with the boot id, which no change of the wall clock can move.
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
    """The record of a process, written before it execs its command."""

    pid: int
    started: str
    command: list[str]


@dataclass(slots=True)
class Process:
    """A process that was started by this run or an earlier one.

    Attributes
    ----------
    pid, started
        Its pid, and `start_token(pid)` as of its start.
    child
        The handle if the current process is its parent, which must then reap it.
    """

    pid: int
    started: str
    child: "subprocess.Popen[bytes] | None" = field(default=None, repr=False, compare=False)

    def alive(self) -> bool:
        """Whether it still runs; another process with the same pid does not count."""
        if self.child is not None:
            return self.child.poll() is None
        return start_token(self.pid) == self.started

    def exit_status(self) -> int | None:
        """Exit status, negative for a signal; None while it runs, or if it is not a child of this process."""
        return self.child.poll() if self.child is not None else None

    def send(self, number: signal.Signals) -> None:
        """Send a signal, unless it has ended."""
        if self.alive():
            with suppress(ProcessLookupError):
                os.kill(self.pid, number)

    def stop(self, steps: Sequence[tuple[signal.Signals, float]] = ((signal.SIGTERM, 10.0),)) -> None:
        """Send each signal and wait its number of seconds for the process to end; SIGKILL is sent last.

        Raises
        ------
        TimeoutError
            If it has not ended ten seconds after SIGKILL, such as a process stuck in the kernel.
        """
        for number, timeout_s in (*steps, (signal.SIGKILL, 10.0)):
            self.send(number)
            deadline = time.monotonic() + timeout_s
            while self.alive():
                if time.monotonic() > deadline:
                    break
                time.sleep(_POLL_S)
            else:
                return
        raise TimeoutError(f"process {self.pid} has not ended 10 s after SIGKILL; it is stuck in the kernel")


def start_token(pid: int) -> str | None:
    """A string that identifies this process among all that ever had its pid; None if no live process has it."""
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
    """Write the record of a live process atomically."""
    started = start_token(pid) or ""
    draft = path.with_suffix(f".{os.getpid()}")
    draft.write_bytes(msgspec.json.encode(Record(pid, started, list(command))))
    draft.replace(path)
    return Process(pid, started)


def read_record(path: Path) -> Process | None:
    """The recorded process if it still runs, else None."""
    try:
        record = msgspec.json.decode(path.read_bytes(), type=Record)
    except (FileNotFoundError, msgspec.DecodeError):
        return None
    process = Process(record.pid, record.started)
    return process if process.alive() else None


def working_in(directory: Path) -> list[int]:
    """Pids of the processes whose working directory is `directory`.

    Postgres and Valkey run in their data directory, backends included, so this tells whether a data
    directory is in use even if every record was lost.
    """
    path = str(directory.resolve())
    return [process.pid for process in psutil.process_iter(["cwd"]) if process.info["cwd"] == path]
