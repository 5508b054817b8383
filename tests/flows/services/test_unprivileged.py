"""Postgres is run by somebody who is not root, and root is told why where there is nobody."""

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from flows.services.become import NAMESPACE, becoming
from flows.services.unprivileged import who_may_run

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root must find somebody else")
TRUE = Path(shutil.which("true") or "/bin/true")
ASK = (
    "import sys; from pathlib import Path; from flows.services.unprivileged import who_may_run; "
    "print(who_may_run(Path(sys.argv[1]), *map(Path, sys.argv[2:])))"
)


def ask(who: list[str], *words: Path) -> "subprocess.CompletedProcess[str]":
    """What `who_may_run` answers to another user."""
    command = [*who, sys.executable, "-c", ASK, *map(str, words)]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)


@pytest.fixture
def without_namespaces() -> list[str]:
    """A prefix under which root has all accounts but may make no user namespace, as in a container."""
    prefix = [sys.executable, "-m", "tests.flows.services.container"]
    if subprocess.run([*prefix, "true"], check=False, capture_output=True).returncode:
        pytest.skip("this machine lets nobody play a container")
    return prefix


@pytest.fixture
def open_directory() -> Iterator[Path]:
    """A directory that every account can reach, which those of pytest are not."""
    directory = Path(tempfile.mkdtemp(prefix="se-"))
    yield directory
    shutil.rmtree(directory)


def test_ordinary_user_stays(tmp_path: Path) -> None:
    if os.geteuid() != 0:
        assert who_may_run(TRUE, tmp_path) is None
        return
    done = ask(becoming([], who=NAMESPACE), TRUE, tmp_path)
    if done.returncode == 127:
        pytest.skip(f"user namespaces are forbidden here: {done.stderr}")
    assert done.stdout == "None\n"


@as_root
def test_root_goes_into_a_namespace(tmp_path: Path) -> None:
    if subprocess.run(becoming(["true"], who=NAMESPACE), check=False, capture_output=True).returncode:
        pytest.skip("user namespaces are forbidden here")
    assert who_may_run(TRUE, tmp_path) == NAMESPACE


@as_root
def test_account_takes_over_where_namespaces_are_forbidden(without_namespaces: list[str], open_directory: Path) -> None:
    (open_directory / "file").touch()
    uid, gid = ask(without_namespaces, TRUE, open_directory).stdout.strip().split(":")
    assert int(uid) != 0
    assert {(path.stat().st_uid, path.stat().st_gid) for path in (open_directory, open_directory / "file")} == {
        (int(uid), int(gid))
    }


@as_root
def test_no_way_down_is_told_with_what_was_tried(without_namespaces: list[str], open_directory: Path) -> None:
    closed = open_directory / "closed"
    (closed / "inner").mkdir(parents=True)
    closed.chmod(0o700)
    last_line = ask(without_namespaces, TRUE, closed / "inner").stderr.strip().splitlines()[-1]
    assert last_line.startswith(
        "domain.errors.ServiceError: Postgres does not run as root, and there is no way down (a user"
    )
    assert f"nobody cannot reach {closed / 'inner'}); run as an ordinary user, give DATABASE_URL" in last_line
