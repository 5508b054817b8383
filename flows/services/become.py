"""Become: the first program of every process of ours, which writes it down and turns into another.

    python -m flows.services.become [--record FILE] [--as WHO] [--dies-with-parent] -- COMMAND...

The record is on disk before COMMAND begins, so that whatever kills us at whatever moment, the next run
knows whom we left behind. A program of its own is used and not a function between fork and exec, since
the caller may hold threads, whose locks such a function would inherit.
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
"""WHO: nobody, in a user namespace of one's own; anything else is `UID:GID`."""

_CLONE_NEWUSER = 0x10000000
_PR_SET_PDEATHSIG = 1
_NOBODY = 65534


def becoming(
    command: Sequence[str], *, record: Path | None = None, who: str | None = None, dies_with_parent: bool = False
) -> list[str]:
    """The command line that becomes `command`.

    Parameters
    ----------
    record
        File for the pid and start of the process.
    who
        `NAMESPACE`, or `UID:GID`; None stays who we are.
    dies_with_parent
        Ask Linux to interrupt the process when its parent ends, however it ends. For tests.
    """
    words = [sys.executable, "-m", "flows.services.become"]
    words += ["--record", str(record)] if record else []
    words += ["--as", who] if who else []
    words += ["--dies-with-parent"] if dies_with_parent else []
    return [*words, "--", *command]


def main(words: Sequence[str] | None = None) -> int:
    """Become the command; returns only if it cannot be run."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--record", type=Path)
    parser.add_argument("--as", dest="who")
    parser.add_argument("--dies-with-parent", action="store_true")
    parser.add_argument("command", nargs="+")
    options = parser.parse_args(words)
    try:
        if options.record:
            write_record(options.record, os.getpid(), options.command)
        signal.pthread_sigmask(signal.SIG_SETMASK, ())  # launch holds signals while it starts us
        if options.who == NAMESPACE:
            _enter_user_namespace()
        elif options.who:
            _take_account(options.who)
        if options.dies_with_parent and sys.platform == "linux":
            ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGINT)
        os.execvp(options.command[0], options.command)  # noqa: S606  no shell is the point
    except OSError as problem:
        sys.stderr.write(f"cannot become {options.command[0]}: {problem}\n")
    return 127


def _enter_user_namespace() -> None:
    """Be nobody, and the owner of all that was ours."""
    libc = ctypes.CDLL(None, use_errno=True)
    uid, gid = os.geteuid(), os.getegid()
    if sys.platform != "linux" or libc.unshare(_CLONE_NEWUSER) != 0:
        raise OSError(ctypes.get_errno(), "no user namespace")
    Path("/proc/self/setgroups").write_text("deny")
    Path("/proc/self/uid_map").write_text(f"{_NOBODY} {uid} 1")
    Path("/proc/self/gid_map").write_text(f"{_NOBODY} {gid} 1")


def _take_account(who: str) -> None:
    uid, gid = map(int, who.split(":"))
    os.setgroups([])
    os.setgid(gid)
    os.setuid(uid)


if __name__ == "__main__":
    sys.exit(main())
