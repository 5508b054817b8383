"""Unprivileged: how to run Postgres, which refuses to run as root, when the caller is root.

The options, in order. Not root: nothing to do. Root: a user namespace in which root is `nobody`; no account
is created, files stay root's, and binaries below /root stay readable. Where user namespaces are forbidden,
as in Docker's default profile: the account `postgres` or `nobody`, if it can read the binaries.
"""

import os
import pwd
import subprocess
from pathlib import Path

from domain.errors import ServiceError
from flows.services.exec_wrapper import NAMESPACE, wrapped_command

_ACCOUNTS = ("postgres", "nobody")


def account_for(program: Path, *directories: Path) -> str | None:
    """The user that must run `program`, as `run_as` of `flows.services.exec_wrapper`; None for the current one.

    Parameters
    ----------
    program
        A binary that refuses to run as root.
    directories
        Directories that it must own; their owner is changed if a system account is used.

    Raises
    ------
    ServiceError
        If root privileges cannot be dropped on this machine; the message lists what was tried.
    """
    if os.geteuid() != 0:
        return None
    if _runs(NAMESPACE, str(program), "--version"):
        return NAMESPACE
    tried = ["user namespaces are forbidden"]
    for name in _ACCOUNTS:
        try:
            account = pwd.getpwnam(name)
        except KeyError:
            tried.append(f"there is no account {name}")
            continue
        run_as = f"{account.pw_uid}:{account.pw_gid}"
        if not _runs(run_as, str(program), "--version"):
            tried.append(f"{name} cannot run {program}")
            continue
        for directory in directories:
            _change_owner(directory, account)
        closed = [directory for directory in directories if not _runs(run_as, "test", "-w", str(directory))]
        if not closed:
            return run_as
        tried.append(f"{name} cannot write to {closed[0]}")
    raise ServiceError(
        f"Postgres does not run as root, and no other user can run it ({'; '.join(tried)}); run as an ordinary "
        f"user, set DATABASE_URL, or set SIGNALENGINE_SERVICES_DIRECTORY to a directory outside root's home"
    )


def _runs(run_as: str, *command: str) -> bool:
    done = subprocess.run(wrapped_command(command, run_as=run_as), capture_output=True, timeout=30, check=False)
    return done.returncode == 0


def _change_owner(directory: Path, account: pwd.struct_passwd) -> None:
    for path in (directory, *directory.rglob("*")):
        os.chown(path, account.pw_uid, account.pw_gid, follow_symlinks=False)
