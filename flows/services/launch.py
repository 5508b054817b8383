"""Launch: start a program as a background process, recorded before it runs and logged to a file."""

import signal
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from domain.errors import ServiceError
from flows.services.exec_wrapper import wrapped_command
from flows.services.process import Process, write_record


def launch(
    command: Sequence[str],
    *,
    log: Path,
    record: Path,
    environ: Mapping[str, str],
    run_as: str | None = None,
    dies_with_parent: bool = False,
) -> Process:
    """Start `command` in a new session, so that Ctrl-C in the terminal does not reach it.

    Parameters
    ----------
    log
        File to which its output is appended.
    record
        File in which the process is recorded, see `flows.services.process.read_record`.
    environ
        Environment of the process.
    run_as, dies_with_parent
        See `flows.services.exec_wrapper.wrapped_command`.

    Raises
    ------
    ServiceError
        If the process cannot be started or recorded, such as on a full disk.
    """
    try:
        with log.open("ab") as output, _signals_blocked():
            child = subprocess.Popen(
                wrapped_command(command, record=record, run_as=run_as, dies_with_parent=dies_with_parent),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                env=dict(environ),
                start_new_session=True,
            )
            process = write_record(record, child.pid, command)
    except OSError as problem:  # the child fails to write its record as well, and ends
        raise ServiceError(
            f"{command[0]} cannot be started ({problem}); free disk space, or fix the path that the error names"
        ) from None
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
def _signals_blocked() -> Iterator[None]:
    """Block termination signals until the child is recorded, so that Ctrl-C cannot orphan it."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, (signal.SIGINT, signal.SIGTERM, signal.SIGHUP))
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
