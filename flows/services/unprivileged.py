"""Unprivileged: run Postgres when the caller is root, which Postgres refuses to be.

A ladder. Not root: nothing to do. Root: a user namespace in which root is `nobody`; no account is
made, files stay root's, and binaries below /root stay readable. Where namespaces are forbidden, as
in Docker's default profile: the account `postgres` or `nobody`, if it can read the binaries.
"""

import os
import pwd
import subprocess
from pathlib import Path

from domain.errors import ServiceError
from flows.services.become import NAMESPACE, becoming

_ACCOUNTS = ("postgres", "nobody")


def who_may_run(program: Path, *directories: Path) -> str | None:
    """Who must run `program`, as `flows.services.become.becoming` wants to know; None for the caller.

    Parameters
    ----------
    program
        A binary that refuses to run as root.
    directories
        What it must own. Handed over to the account if the ladder ends there.

    Raises
    ------
    ServiceError
        If there is no way down from root on this machine; the message lists what was tried.
    """
    if os.geteuid() != 0:
        return None
    if _runs(NAMESPACE, str(program), "--version"):
        return NAMESPACE
    tried = ["a user namespace is forbidden"]
    for name in _ACCOUNTS:
        try:
            account = pwd.getpwnam(name)
        except KeyError:
            tried.append(f"there is no account {name}")
            continue
        who = f"{account.pw_uid}:{account.pw_gid}"
        if not _runs(who, str(program), "--version"):
            tried.append(f"{name} cannot run {program}")
            continue
        for directory in directories:
            _hand_over(directory, account)
        closed = [directory for directory in directories if not _runs(who, "test", "-w", str(directory))]
        if not closed:
            return who
        tried.append(f"{name} cannot reach {closed[0]}")
    raise ServiceError(
        f"Postgres does not run as root, and there is no way down ({'; '.join(tried)}); run as an ordinary user, "
        f"give DATABASE_URL, or give SIGNALENGINE_SERVICES_DIRECTORY outside of root's home"
    )


def _runs(who: str, *command: str) -> bool:
    done = subprocess.run(becoming(command, who=who), capture_output=True, timeout=30, check=False)
    return done.returncode == 0


def _hand_over(directory: Path, account: pwd.struct_passwd) -> None:
    for path in (directory, *directory.rglob("*")):
        os.chown(path, account.pw_uid, account.pw_gid, follow_symlinks=False)
