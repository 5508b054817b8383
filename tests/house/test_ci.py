"""The scripts of continuous integration do what a person would: check, then test, and stop at the first failure."""

import os
import subprocess
from pathlib import Path

import pytest

from tests.house.checkout import ROOT

MAKE = """#!/bin/sh
echo "make $* in $PWD, CI=$CI, heard '$(cat)'"
[ "$FAILS" != "$2" ]
"""


def run_with(make: Path, fails: str) -> subprocess.CompletedProcess[str]:
    """`.ci/run` from another folder, with a program of ours in the place of make."""
    environ = {**os.environ, "PATH": f"{make.parent}:{os.environ['PATH']}", "FAILS": fails}
    command = [str(ROOT / ".ci" / "run")]
    return subprocess.run(
        command, cwd=make.parent, env=environ, input="a key", capture_output=True, text=True, check=False
    )


@pytest.fixture
def make(tmp_path: Path) -> Path:
    program = tmp_path / "make"
    program.write_text(MAKE)
    program.chmod(0o755)
    return program


def said(target: str) -> str:
    return f"make --no-print-directory {target} in {ROOT}, CI=true, heard ''\n"


def test_run_checks_and_then_tests(make: Path) -> None:
    done = run_with(make, fails="nothing")
    assert (done.returncode, done.stdout) == (0, said("check") + said("test"))


@pytest.mark.parametrize(("fails", "heard"), [("check", said("check")), ("test", said("check") + said("test"))])
def test_run_fails_where_make_fails(make: Path, fails: str, heard: str) -> None:
    done = run_with(make, fails)
    assert (done.returncode != 0, done.stdout) == (True, heard)


@pytest.mark.parametrize("script", ["run", "lock"])
def test_script_is_sound(script: str) -> None:
    path = ROOT / ".ci" / script
    assert os.access(path, os.X_OK)
    assert "set -euo pipefail" in path.read_text()
    subprocess.run(["bash", "-n", str(path)], check=True)
