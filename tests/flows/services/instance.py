"""An instance of `up` in a temporary directory, run as a process, as users run it."""

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from flows.services.home import Home
from flows.services.process import Process, read_record
from flows.services.shutdown import stop_recorded
from tests.until import until


class Trial:
    """A home directory, the supervisors started in it, and their output."""

    def __init__(self) -> None:
        self.directory = Path(tempfile.mkdtemp(prefix="se-"))
        self.home = Home(self.directory)
        self.environ = {
            **{name: value for name, value in os.environ.items() if not _is_ours(name)},
            "PGPORT": "1",  # of no interest to us, nor is the next
            "http_proxy": "http://127.0.0.1:1",
            "SIGNALENGINE_SERVICES_DIRECTORY": str(self.directory),
            "SIGNALENGINE_API_PORT": "0",
            "SIGNALENGINE_ENGINE_PORT": "0",
        }
        self.supervisors: list[subprocess.Popen[str]] = []

    def up(self, *standins: str) -> "subprocess.Popen[str]":
        """Start `up` with stand-ins in the foreground."""
        command = [sys.executable, "-m", "tests.flows.services.standin", *standins]
        pipe = subprocess.PIPE
        supervisor = subprocess.Popen(command, env=self.environ, stdout=pipe, stderr=pipe, text=True)
        self.supervisors.append(supervisor)
        return supervisor

    def until_ready(self) -> None:
        """Wait until the newest supervisor is ready."""

        def ready() -> bool:
            supervisor, instance = self.supervisors[-1], self.home.instance()
            assert supervisor.poll() is None, supervisor.communicate()
            return instance is not None and instance.ready

        until(ready, within_s=120)

    def run(self, *arguments: str) -> "subprocess.CompletedProcess[str]":
        """Run a command and wait for its end."""
        command = [sys.executable, "-m", "flows", *arguments]
        return subprocess.run(command, env=self.environ, capture_output=True, text=True, check=False, timeout=300)

    def process(self, name: str) -> Process | None:
        """The process of a component, if it is alive."""
        return read_record(self.home.record(name))

    def alive(self) -> dict[str, int]:
        """Names and pids of all live components."""
        found = {name: self.process(name) for name in self.home.recorded_names()}
        return {name: process.pid for name, process in found.items() if process}

    def close(self) -> None:
        """Stop all processes and delete all files."""
        for supervisor in self.supervisors:
            supervisor.kill()
            supervisor.communicate()
        stop_recorded(self.home, at_once=True)
        shutil.rmtree(self.directory)


def _is_ours(name: str) -> bool:
    return name.startswith("SIGNALENGINE_") or name in ("DATABASE_URL", "REDIS_URL")
