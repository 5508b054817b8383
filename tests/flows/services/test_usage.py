"""Usage lists each process with its state, uptime and resources."""

import subprocess
import sys
from pathlib import Path

from flows.services.home import Home
from flows.services.process import write_record
from flows.services.usage import Usage, usage


def test_live_processes_are_measured_and_dead_ones_named(tmp_path: Path) -> None:
    home = Home(tmp_path)
    home.create()
    busy = "while True: pass"
    with subprocess.Popen([sys.executable, "-c", busy]) as engine, subprocess.Popen([sys.executable, "-c", ""]) as api:
        write_record(home.record("engine"), engine.pid, ["engine"])
        write_record(home.record("api"), api.pid, ["api"])
        api.wait()
        first, second = usage(home)
        engine.kill()
    assert first == Usage(name="api", alive=False)
    assert (second.name, second.alive, second.pid) == ("engine", True, engine.pid)
    assert second.uptime_s is not None
    assert second.cpu_percent is not None
    assert second.memory_mb is not None
    assert 0 <= second.uptime_s < 60
    assert second.cpu_percent > 5
    assert 1 < second.memory_mb < 100
