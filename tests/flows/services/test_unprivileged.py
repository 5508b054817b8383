"""Postgres runs as a user other than root, or the error lists why it cannot."""

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from flows.services.exec_wrapper import NAMESPACE, wrapped_command
from flows.services.unprivileged import account_for

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root must find somebody else")
TRUE = Path(shutil.which("true") or "/bin/true")
ASK = (
    "import sys; from pathlib import Path; from flows.services.unprivileged import account_for; "
    "print(account_for(Path(sys.argv[1]), *map(Path, sys.argv[2:])))"
)


def ask(who: list[str], *arguments: Path) -> "subprocess.CompletedProcess[str]":
    """The result of `account_for` as another user."""
    command = [*who, sys.executable, "-c", ASK, *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)


@pytest.fixture
def without_namespaces() -> list[str]:
    """A command prefix that runs as root with all accounts and without user namespaces, as in a container."""
    prefix = [sys.executable, "-m", "tests.flows.services.container"]
    if subprocess.run([*prefix, "true"], check=False, capture_output=True).returncode:
        pytest.skip("this machine lets nobody play a container")
    return prefix


@pytest.fixture
def open_directory() -> Iterator[Path]:
    """A directory that every account can access, unlike those of pytest."""
    directory = Path(tempfile.mkdtemp(prefix="se-"))
    yield directory
    shutil.rmtree(directory)


def test_ordinary_user_stays(tmp_path: Path) -> None:
    if os.geteuid() != 0:
        assert account_for(TRUE, tmp_path) is None
        return
    done = ask(wrapped_command([], run_as=NAMESPACE), TRUE, tmp_path)
    if done.returncode == 127:
        pytest.skip(f"user namespaces are forbidden here: {done.stderr}")
    assert done.stdout == "None\n"


@as_root
def test_root_goes_into_a_namespace(tmp_path: Path) -> None:
    if subprocess.run(wrapped_command(["true"], run_as=NAMESPACE), check=False, capture_output=True).returncode:
        pytest.skip("user namespaces are forbidden here")
    assert account_for(TRUE, tmp_path) == NAMESPACE


@as_root
def test_account_is_used_where_namespaces_are_forbidden(without_namespaces: list[str], open_directory: Path) -> None:
    (open_directory / "file").touch()
    uid, gid = ask(without_namespaces, TRUE, open_directory).stdout.strip().split(":")
    assert int(uid) != 0
    assert {(path.stat().st_uid, path.stat().st_gid) for path in (open_directory, open_directory / "file")} == {
        (int(uid), int(gid))
    }


@as_root
def test_error_lists_each_user_that_was_tried(without_namespaces: list[str], open_directory: Path) -> None:
    closed = open_directory / "closed"
    (closed / "inner").mkdir(parents=True)
    closed.chmod(0o700)
    last_line = ask(without_namespaces, TRUE, closed / "inner").stderr.strip().splitlines()[-1]
    assert last_line.startswith(
        "domain.errors.ServiceError: Postgres does not run as root, and no other user can run it (user"
    )
    assert f"nobody cannot write to {closed / 'inner'}); run as an ordinary user, set DATABASE_URL" in last_line
