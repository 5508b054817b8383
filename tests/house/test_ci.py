"""The script of continuous integration runs `make check`, then `make test`, and stops at the first failure."""

import os
import subprocess
from pathlib import Path

import pytest

from tests.house.checkout import ROOT

MAKE = """#!/bin/sh
echo "make $* in $PWD, CI=$CI, stdin='$(cat)'"
[ "$FAILS" != "$2" ]
"""


def run_with(make: Path, fails: str) -> subprocess.CompletedProcess[str]:
    """Run `.ci/run` from another directory, with a stand-in for make."""
    environ = {**os.environ, "PATH": f"{make.parent}:{os.environ['PATH']}", "FAILS": fails}
    command = [str(ROOT / ".ci" / "run")]
    return subprocess.run(
        command, cwd=make.parent, env=environ, input="typed", capture_output=True, text=True, check=False
    )


@pytest.fixture
def make(tmp_path: Path) -> Path:
    program = tmp_path / "make"
    program.write_text(MAKE)
    program.chmod(0o755)
    return program


def output_of(target: str) -> str:
    return f"make --no-print-directory {target} in {ROOT}, CI=true, stdin=''\n"


def test_run_checks_and_then_tests(make: Path) -> None:
    completed = run_with(make, fails="nothing")
    assert (completed.returncode, completed.stdout) == (0, output_of("check") + output_of("test"))


@pytest.mark.parametrize(
    ("fails", "output"), [("check", output_of("check")), ("test", output_of("check") + output_of("test"))]
)
def test_run_fails_where_make_fails(make: Path, fails: str, output: str) -> None:
    completed = run_with(make, fails)
    assert (completed.returncode != 0, completed.stdout) == (True, output)


@pytest.mark.parametrize("script", ["run", "lock"])
def test_script_is_executable_and_strict(script: str) -> None:
    path = ROOT / ".ci" / script
    assert os.access(path, os.X_OK)
    assert "set -euo pipefail" in path.read_text()
    subprocess.run(["bash", "-n", str(path)], check=True)
