"""A process is identified by its pid and its start time."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from flows.services.process import Process, read_record, start_token, working_in, write_record
from tests.until import until

SLEEP = "import time; time.sleep(600)"
STUBBORN = "import signal, time; signal.signal(15, signal.SIG_IGN); print('ready', flush=True); time.sleep(600)"


@pytest.fixture
def child() -> Iterator["subprocess.Popen[bytes]"]:
    with subprocess.Popen([sys.executable, "-c", SLEEP]) as process:
        yield process
        process.kill()


def test_start_token_is_unique_to_one_process(child: "subprocess.Popen[bytes]") -> None:
    mine, other = start_token(os.getpid()), start_token(child.pid)
    assert mine == start_token(os.getpid())
    assert None not in (mine, other)
    assert mine != other


def test_dead_and_zombie_processes_have_no_start_token(child: "subprocess.Popen[bytes]") -> None:
    child.kill()
    until(lambda: start_token(child.pid) is None)  # nobody has reaped it yet
    child.wait()
    assert start_token(child.pid) is None


def test_reused_pid_is_neither_alive_nor_signalled(child: "subprocess.Popen[bytes]") -> None:
    stranger = Process(child.pid, "another boot/1")
    assert not stranger.alive()
    stranger.stop()
    assert child.poll() is None


def test_stop_gives_the_signal_its_time() -> None:
    with subprocess.Popen([sys.executable, "-c", SLEEP]) as child:
        Process(child.pid, start_token(child.pid) or "", child).stop()
        assert child.returncode == -signal.SIGTERM


def test_stop_kills_a_process_that_ignores_sigterm() -> None:
    with subprocess.Popen([sys.executable, "-c", STUBBORN], stdout=subprocess.PIPE) as child:
        assert child.stdout is not None
        child.stdout.readline()
        Process(child.pid, start_token(child.pid) or "", child).stop(((signal.SIGTERM, 0.1),))
        assert child.returncode == -signal.SIGKILL


def test_record_finds_only_live_processes(tmp_path: Path, child: "subprocess.Popen[bytes]") -> None:
    path = tmp_path / "child.json"
    assert read_record(path) is None
    written = write_record(path, child.pid, ["sleep"])
    assert read_record(path) == written
    child.kill()
    child.wait()
    assert read_record(path) is None


@pytest.mark.parametrize("text", ["", "{", '{"pid": "x"}', "[]"])
def test_invalid_record_is_no_process(tmp_path: Path, text: str) -> None:
    path = tmp_path / "child.json"
    path.write_text(text)
    assert read_record(path) is None


def test_working_in_finds_processes_by_directory(tmp_path: Path) -> None:
    assert working_in(tmp_path) == []
    with subprocess.Popen([sys.executable, "-c", SLEEP], cwd=tmp_path) as child:
        assert working_in(tmp_path) == [child.pid]
        child.kill()
