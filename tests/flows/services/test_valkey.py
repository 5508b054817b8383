"""The local Valkey keeps its data across a stop and a kill."""

import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import redis

from domain.errors import ServiceError
from flows.services import valkey
from flows.services.binaries import Program, redis_programs
from flows.services.running import RunningService

PROGRAMS = redis_programs()
Start = Callable[..., RunningService]


@pytest.fixture
def home() -> Iterator[Path]:
    directory = Path(tempfile.mkdtemp(prefix="se ü%-"))
    yield directory
    shutil.rmtree(directory)


@pytest.fixture
def start(home: Path) -> Iterator[Start]:
    """Starts Valkey in the test's home, and stops it at the end."""
    started: list[RunningService] = []

    def start(*programs: Program) -> RunningService:
        started.append(
            valkey.start(
                programs or PROGRAMS,
                home / "data",
                sockets=home,
                log=home / "valkey.log",
                record=home / "valkey.json",
                environ=os.environ,
                memory_mb=64,
                dies_with_parent=True,
            )
        )
        return started[-1]

    yield start
    for running in started:
        running.process.stop(valkey.STOP)


def client(running: RunningService) -> "redis.Redis":
    return redis.Redis.from_url(running.url, decode_responses=True)


@pytest.mark.parametrize("program", PROGRAMS, ids=lambda one: f"{one.origin}-{one.version[0]}")
def test_every_program_found_persists_the_log(start: Start, program: Program) -> None:
    running = start(program)
    with client(running) as connection:
        names = ("port", "appendonly", "appendfsync", "maxmemory", "maxmemory-policy", "save")
        assert {name: connection.config_get(name)[name] for name in names} == {
            "port": "0",
            "appendonly": "yes",
            "appendfsync": "everysec",
            "maxmemory": str(64 * 2**20),
            "maxmemory-policy": "noeviction",
            "save": "",
        }
    assert running.origin == str(program)


def test_data_survive_a_stop_and_a_kill(start: Start) -> None:
    running = start()
    with client(running) as connection:
        connection.xadd("log:000", {"block": "1"}, id="1-0")
    running.process.stop(valkey.STOP)
    running = start()
    with client(running) as connection:
        connection.xadd("log:000", {"block": "2"}, id="2-0")
    running.process.stop(())  # SIGKILL
    with client(start()) as connection:
        assert connection.xrange("log:000") == [("1-0", {"block": "1"}), ("2-0", {"block": "2"})]


def test_data_in_use_are_refused(start: Start, home: Path) -> None:
    running = start()
    with pytest.raises(ServiceError, match=rf"^{home}/data is in use by process {running.process.pid}, .* REDIS_URL$"):
        start()


def test_failed_start_is_reported_with_the_log(start: Start, home: Path) -> None:
    (home / "data" / "appendonlydir").mkdir(parents=True)
    (home / "data" / "appendonlydir" / "appendonly.aof.manifest").write_text("nonsense\n")
    with pytest.raises(ServiceError, match=r"^Valkey exited during start-up; its log .+ ends with\n(.*\n)*.*manifest"):
        start()
