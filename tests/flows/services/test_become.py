"""The first program of every process writes it down, gives up what it must, and turns into another."""

import os
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

from flows.services.become import NAMESPACE, becoming
from flows.services.process import Record

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root has a root to give up")


def run(command: list[str]) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=30)


def test_it_is_written_down_before_it_begins(tmp_path: Path) -> None:
    record = tmp_path / "me.json"
    program = ["-c", "import os, sys; print(os.getpid(), open(sys.argv[1]).read())", str(record)]
    done = run(becoming([sys.executable, *program], record=record))
    pid, _, text = done.stdout.partition(" ")
    found = msgspec.json.decode(text, type=Record)
    assert (found.pid, found.command) == (int(pid), [sys.executable, *program])
    assert found.started


def test_options_of_the_command_are_its_own() -> None:
    assert run(becoming(["echo", "--record", "x", "--as", "--"])).stdout == "--record x --as --\n"


def test_program_that_is_not_there_is_named() -> None:
    done = run(becoming(["/no/such/program"]))
    assert (done.returncode, done.stderr) == (
        127,
        "cannot become /no/such/program: [Errno 2] No such file or directory\n",
    )


@as_root
def test_namespace_makes_root_nobody() -> None:
    done = run(becoming(["id", "-u"], who=NAMESPACE))
    if done.returncode == 127:
        pytest.skip(f"user namespaces are forbidden here: {done.stderr}")
    assert done.stdout == "65534\n"


@as_root
def test_account_is_taken_with_its_group_and_no_other() -> None:
    assert run(becoming(["id", "-u"], who="65534:65534")).stdout == "65534\n"
    assert run(becoming(["id", "-G"], who="65534:65534")).stdout == "65534\n"
