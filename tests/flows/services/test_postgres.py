"""The local Postgres is created, started, stopped and killed without losing committed data."""

import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest

from domain.errors import ServiceError
from flows.services import postgres
from flows.services.binaries import Program, postgres_programs
from flows.services.process import read_record
from flows.services.running import RunningService

PROGRAMS = postgres_programs()
Start = Callable[..., RunningService]


@pytest.fixture
def home() -> Iterator[Path]:
    directory = Path(tempfile.mkdtemp(prefix="se ü%-"))
    yield directory
    shutil.rmtree(directory)


@pytest.fixture
def start(home: Path) -> Iterator[Start]:
    """Starts Postgres in the test's home, and stops it at the end."""
    started: list[RunningService] = []

    def start(*programs: Program, durable: bool = False) -> RunningService:
        started.append(
            postgres.start(
                programs or PROGRAMS[:1],
                home / "data",
                sockets=home,
                log=home / "postgres.log",
                record=home / "postgres.json",
                environ={**os.environ, "PGPORT": "1", "PGDATA": "elsewhere", "PGOPTIONS": "-c nonsense=1"},
                durable=durable,
                dies_with_parent=True,
            )
        )
        return started[-1]

    yield start
    for running in started:
        running.process.stop(postgres.STOP)


def query(url: str, text: str) -> object:
    with psycopg.connect(url, autocommit=True) as connection:
        cursor = connection.execute(text.encode())
        return cursor.fetchall() if cursor.description else None


@pytest.mark.parametrize("program", PROGRAMS, ids=lambda one: f"{one.origin}-{one.version[0]}")
def test_every_program_found_makes_a_database(start: Start, home: Path, program: Program) -> None:
    running = start(program)
    assert query(running.url, "SELECT current_user, current_database(), current_setting('server_encoding')") == [
        ("signalengine", "signalengine", "UTF8")
    ]
    assert query(running.url, "SELECT current_setting('listen_addresses'), current_setting('TimeZone')") == [
        ("", "UTC")
    ]
    assert running.origin == str(program)
    assert read_record(home / "postgres.json") == running.process
    running.process.stop(postgres.STOP)
    assert running.process.exit_status() == 0


def test_data_survive_a_stop_and_a_kill(start: Start) -> None:
    running = start(durable=True)
    query(running.url, "CREATE TABLE kept (n int)")
    query(running.url, "INSERT INTO kept VALUES (1)")
    running.process.stop(postgres.STOP)
    running = start(durable=True)
    query(running.url, "INSERT INTO kept VALUES (2)")
    running.process.stop(())  # SIGKILL; its backends are still there for a moment
    assert query(start().url, "SELECT n FROM kept ORDER BY n") == [(1,), (2,)]


def test_stale_lock_with_a_reused_pid_is_removed(start: Start, home: Path) -> None:
    running = start()
    locks = {path: path.read_text() for path in (home / "data" / "postmaster.pid", home / ".s.PGSQL.5432.lock")}
    running.process.stop(postgres.STOP)
    for path, text in locks.items():
        path.write_text(text.replace(str(running.process.pid), str(os.getppid()), 1))
    assert query(start().url, "SELECT 1") == [(1,)]


def test_lock_of_a_running_server_is_respected(start: Start, home: Path) -> None:
    running = start()
    with pytest.raises(ServiceError, match=rf"^{home}/data is in use by process .*{running.process.pid}.*; stop it"):
        postgres.clear_stale_locks(home / "data", home, timeout_s=0.1)
    assert query(running.url, "SELECT 1") == [(1,)]


def test_incomplete_data_directory_is_recreated(start: Start, home: Path) -> None:
    (home / "data.new").mkdir()
    (home / "data.new" / "PG_VERSION").write_text("15\n")
    assert query(start().url, "SELECT 1") == [(1,)]
    assert not (home / "data.new").exists()


def test_data_choose_the_program_that_made_them(start: Start) -> None:
    if len({program.version[0] for program in PROGRAMS}) < 2:
        pytest.skip("there is one version of Postgres here")
    start(PROGRAMS[-1]).process.stop(postgres.STOP)
    assert start(*PROGRAMS).origin == str(PROGRAMS[-1])


def test_data_without_a_matching_program_are_refused_with_instructions(start: Start, home: Path) -> None:
    (home / "data").mkdir()
    (home / "data" / "PG_VERSION").write_text("9\n")
    with pytest.raises(ServiceError) as caught:
        start(PROGRAMS[0])
    assert str(caught.value) == (
        f"{home}/data was created by Postgres 9, and only {PROGRAMS[0]} is available; install Postgres 9, "
        f"set DATABASE_URL, or delete the data with 'signalengine reset'"
    )


def test_directory_that_is_no_data_is_left_alone(start: Start, home: Path) -> None:
    (home / "data").mkdir()
    (home / "data" / "diary.txt").touch()
    with pytest.raises(ServiceError, match=r"is not a Postgres data directory; move it away$"):
        start()


def test_failed_start_is_reported_with_the_log(start: Start, home: Path) -> None:
    start().process.stop(postgres.STOP)
    (home / "data" / "postgresql.conf").write_text("nonsense = 1\n")
    with pytest.raises(ServiceError) as caught:
        start()
    assert str(caught.value).startswith(f"Postgres exited during start-up; its log {home}/postgres.log ends with\n")
    assert 'unrecognized configuration parameter "nonsense"' in str(caught.value)
