"""The exec wrapper records its process, drops privileges, and execs the command."""

import os
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

from flows.services.exec_wrapper import NAMESPACE, wrapped_command
from flows.services.process import Record

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can drop privileges")


def run(command: list[str]) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=30)


def test_process_is_recorded_before_the_command_starts(tmp_path: Path) -> None:
    record = tmp_path / "me.json"
    program = ["-c", "import os, sys; print(os.getpid(), open(sys.argv[1]).read())", str(record)]
    done = run(wrapped_command([sys.executable, *program], record=record))
    pid, _, text = done.stdout.partition(" ")
    recorded = msgspec.json.decode(text, type=Record)
    assert (recorded.pid, recorded.command) == (int(pid), [sys.executable, *program])
    assert recorded.started


def test_options_after_the_separator_belong_to_the_command() -> None:
    assert run(wrapped_command(["echo", "--record", "x", "--as", "--"])).stdout == "--record x --as --\n"


def test_missing_program_is_named_in_the_error() -> None:
    done = run(wrapped_command(["/no/such/program"]))
    assert (done.returncode, done.stderr) == (
        127,
        "cannot execute /no/such/program: [Errno 2] No such file or directory\n",
    )


@as_root
def test_namespace_maps_root_to_nobody() -> None:
    done = run(wrapped_command(["id", "-u"], run_as=NAMESPACE))
    if done.returncode == 127:
        pytest.skip(f"user namespaces are forbidden here: {done.stderr}")
    assert done.stdout == "65534\n"


@as_root
def test_user_and_group_are_set_without_supplementary_groups() -> None:
    assert run(wrapped_command(["id", "-u"], run_as="65534:65534")).stdout == "65534\n"
    assert run(wrapped_command(["id", "-G"], run_as="65534:65534")).stdout == "65534\n"
