"""Launch: start a program as a process of its own, recorded before it runs and logged to a file."""

import signal
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from domain.errors import ServiceError
from flows.services.become import becoming
from flows.services.process import Process, write_record


def launch(
    command: Sequence[str],
    *,
    log: Path,
    record: Path,
    environ: Mapping[str, str],
    who: str | None = None,
    dies_with_parent: bool = False,
) -> Process:
    """Start `command` in a session of its own, so that Ctrl-C in a terminal reaches only us.

    Parameters
    ----------
    log
        File to which its output is appended.
    record
        File in which it is written down, see `flows.services.process.read_record`.
    environ
        Its environment.
    who, dies_with_parent
        See `flows.services.become.becoming`.

    Raises
    ------
    ServiceError
        If that is not possible, as on a full disk.
    """
    try:
        with log.open("ab") as output, _signals_held():
            child = subprocess.Popen(
                becoming(command, record=record, who=who, dies_with_parent=dies_with_parent),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                env=dict(environ),
                start_new_session=True,
            )
            process = write_record(record, child.pid, command)
    except OSError as problem:  # the child fails to write it down too, and ends
        raise ServiceError(f"{command[0]} cannot be started ({problem}); make room, or mend what it names") from None
    process.child = child
    return process


def last_lines(log: Path, count: int = 5) -> str:
    """The end of a log, for an error message."""
    try:
        lines = [line for line in log.read_text(errors="replace").splitlines() if line.strip()]
    except FileNotFoundError:
        return "  (no log)"
    return "\n".join(f"  {line}" for line in lines[-count:]) or "  (empty log)"


@contextmanager
def _signals_held() -> Iterator[None]:
    """Let no Ctrl-C part us from a child before it is written down."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, (signal.SIGINT, signal.SIGTERM, signal.SIGHUP))
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
