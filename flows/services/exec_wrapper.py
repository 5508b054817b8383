"""Exec wrapper: record a process, drop its privileges, then exec the real command.

    python -m flows.services.exec_wrapper [--record FILE] [--as USER] [--dies-with-parent] -- COMMAND...

The record is on disk before COMMAND starts, so that a later run finds every process left behind by a run
that was killed at any moment. This is a separate program and not a `preexec_fn`, because the caller may
have threads, whose locks a function between fork and exec would inherit.
"""

import argparse
import ctypes
import os
import signal
import sys
from collections.abc import Sequence
from pathlib import Path

from flows.services.process import write_record

NAMESPACE = "namespace"
"""USER: run as `nobody` in a new user namespace. Any other value is `UID:GID`."""

_CLONE_NEWUSER = 0x10000000
_PR_SET_PDEATHSIG = 1
_NOBODY = 65534


def wrapped_command(
    command: Sequence[str], *, record: Path | None = None, run_as: str | None = None, dies_with_parent: bool = False
) -> list[str]:
    """Return the command line that runs `command` through this wrapper.

    Parameters
    ----------
    record
        File to which the pid and start token of the process are written.
    run_as
        `NAMESPACE` or `UID:GID`; None keeps the current user.
    dies_with_parent
        Ask Linux to send SIGINT to the process when its parent ends for any reason. For tests.
    """
    arguments = [sys.executable, "-m", "flows.services.exec_wrapper"]
    arguments += ["--record", str(record)] if record else []
    arguments += ["--as", run_as] if run_as else []
    arguments += ["--dies-with-parent"] if dies_with_parent else []
    return [*arguments, "--", *command]


def main(arguments: Sequence[str] | None = None) -> int:
    """Exec the command; return 127 only if that fails."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--record", type=Path)
    parser.add_argument("--as", dest="run_as")
    parser.add_argument("--dies-with-parent", action="store_true")
    parser.add_argument("command", nargs="+")
    options = parser.parse_args(arguments)
    try:
        if options.record:
            write_record(options.record, os.getpid(), options.command)
        signal.pthread_sigmask(signal.SIG_SETMASK, ())  # `launch` blocks signals while it starts this process
        if options.run_as == NAMESPACE:
            _enter_user_namespace()
        elif options.run_as:
            _set_user(options.run_as)
        if options.dies_with_parent and sys.platform == "linux":
            ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGINT)
        os.execvp(options.command[0], options.command)  # noqa: S606  no shell is the point
    except OSError as problem:
        sys.stderr.write(f"cannot execute {options.command[0]}: {problem}\n")
    return 127


def _enter_user_namespace() -> None:
    """Map the current user to `nobody` in a new user namespace; it still owns its files."""
    libc = ctypes.CDLL(None, use_errno=True)
    uid, gid = os.geteuid(), os.getegid()
    if sys.platform != "linux" or libc.unshare(_CLONE_NEWUSER) != 0:
        raise OSError(ctypes.get_errno(), "no user namespace")
    Path("/proc/self/setgroups").write_text("deny")
    Path("/proc/self/uid_map").write_text(f"{_NOBODY} {uid} 1")
    Path("/proc/self/gid_map").write_text(f"{_NOBODY} {gid} 1")


def _set_user(run_as: str) -> None:
    uid, gid = map(int, run_as.split(":"))
    os.setgroups([])
    os.setgid(gid)
    os.setuid(uid)


if __name__ == "__main__":
    sys.exit(main())
