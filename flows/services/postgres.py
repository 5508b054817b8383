"""Local Postgres: a data directory and a unix socket that only its owner can reach.

It listens on no port, so ports cannot collide and no password is needed: only the owner of the socket
directory can enter it and connect.
"""

import shutil
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from urllib.parse import quote

from domain.errors import ServiceError
from flows.services.binaries import Program
from flows.services.exec_wrapper import wrapped_command
from flows.services.launch import last_lines, launch
from flows.services.process import working_in
from flows.services.running import RunningService, wait_until_ready
from flows.services.unprivileged import account_for
from store.health_checks import check_postgres

NAME = "postgres"
STOP = ((signal.SIGINT, 30.0), (signal.SIGQUIT, 5.0))
"""SIGINT is a fast shutdown with a checkpoint; SIGQUIT exits at once and leaves the rest to crash recovery."""

_USER = _DATABASE = "signalengine"


def url_of(sockets: Path, database: str = _DATABASE) -> str:
    """The address of the Postgres whose socket is in `sockets`."""
    # Every parameter is explicit, or libpq would read it from variables such as PGPORT.
    return f"postgresql://{_USER}@/{database}?host={quote(str(sockets), safe='')}&port=5432"


def start(
    programs: Sequence[Program],
    data: Path,
    *,
    sockets: Path,
    log: Path,
    record: Path,
    environ: Mapping[str, str],
    durable: bool = True,
    dies_with_parent: bool = False,
) -> RunningService:
    """Start Postgres on `data`, which is created if it does not exist, and wait until it accepts connections.

    Parameters
    ----------
    programs
        Candidates, best first. An existing `data` selects the one with its major version.
    sockets
        Directory for the socket; short, see `flows.services.home.Home.sockets`.
    durable
        False disables fsync, for tests with throw-away data.

    Raises
    ------
    ServiceError
        If the data is of another version or in use, or the server does not start.
    """
    program = _program_for(programs, data)
    data.parent.mkdir(parents=True, exist_ok=True)
    run_as = account_for(program.path, data.parent, sockets)
    clean = {name: value for name, value in environ.items() if not name.startswith("PG")}
    if not data.exists():
        initdb = record.with_name("initdb.json")
        _create(program, data, log=log, record=initdb, environ=clean, run_as=run_as, durable=durable)
    clear_stale_locks(data, sockets)
    command = [str(program.path), "-D", str(data), "-k", str(sockets), "-h", "", "-p", "5432"]
    command += ["-c", "timezone=UTC", "-c", "log_timezone=UTC", "-c", "max_connections=100"]
    if not durable:
        command += ["-c", "fsync=off", "-c", "synchronous_commit=off", "-c", "full_page_writes=off"]
    process = launch(command, log=log, record=record, environ=clean, run_as=run_as, dies_with_parent=dies_with_parent)
    url = url_of(sockets)
    wait_until_ready("Postgres", process, lambda: check_postgres(url), log)
    return RunningService(NAME, url, str(program), process)


def _program_for(programs: Sequence[Program], data: Path) -> Program:
    try:
        required = (data / "PG_VERSION").read_text().strip()
    except FileNotFoundError:
        if data.exists():
            raise ServiceError(f"{data} is not a Postgres data directory; move it away") from None
        return programs[0]
    for program in programs:
        if str(program.version[0]) == required:
            return program
    available = ", ".join(map(str, programs))
    raise ServiceError(
        f"{data} was created by Postgres {required}, and only {available} is available; "
        f"install Postgres {required}, set DATABASE_URL, or delete the data with 'signalengine reset'"
    )


def _create(
    program: Program,
    data: Path,
    *,
    log: Path,
    record: Path,
    environ: Mapping[str, str],
    run_as: str | None,
    durable: bool,
) -> None:
    """Create the data directory under a temporary name, and rename it when it is complete."""
    draft = data.with_name(f"{data.name}.new")
    shutil.rmtree(draft, ignore_errors=True)
    initdb = [str(program.path.with_name("initdb")), "-D", str(draft), "--username", _USER, "--auth", "trust"]
    initdb += ["--encoding", "UTF8", "--locale", "C", "--data-checksums", *([] if durable else ["--no-sync"])]
    # Single-user mode needs no client program, which a server-only installation may lack.
    single = [str(program.path), "--single", "-D", str(draft), *([] if durable else ["-F"]), "postgres"]
    with log.open("ab") as output:
        for command, script in ((initdb, b""), (single, f"CREATE DATABASE {_DATABASE}\n".encode())):
            done = subprocess.run(
                wrapped_command(command, record=record, run_as=run_as),
                input=script,
                stdout=output,
                stderr=output,
                env=dict(environ),
                check=False,
            )
            if done.returncode != 0:
                raise ServiceError(f"{command[0]} failed; its log {log} ends with\n{last_lines(log)}")
    record.unlink(missing_ok=True)
    draft.rename(data)


def clear_stale_locks(data: Path, sockets: Path, *, timeout_s: float = 30.0) -> None:
    """Remove the lock files of a Postgres that no longer runs.

    Postgres treats a lock file as valid while any process has the pid in it: after a power cut that can be
    an unrelated process, and in a container whose init process does not reap children, the zombie postmaster
    itself. The working directory of every Postgres process is the data directory, also that of a backend that
    briefly outlives its killed postmaster; where there is no such process, the locks are stale.

    Raises
    ------
    ServiceError
        If a process still uses the data directory after `timeout_s` seconds.
    """
    deadline = time.monotonic() + timeout_s
    while pids := working_in(data):
        if time.monotonic() > deadline:
            raise ServiceError(
                f"{data} is in use by process {', '.join(map(str, pids))}, which 'signalengine up' did not start; "
                f"stop it, or set DATABASE_URL"
            )
        time.sleep(0.05)
    for lock in (data / "postmaster.pid", sockets / ".s.PGSQL.5432.lock"):
        lock.unlink(missing_ok=True)
