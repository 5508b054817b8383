"""Postgres of our own: a data directory, a unix socket, and nobody else let in.

It listens on no port, so nothing can collide and no password is needed: who may enter the directory
of the socket, and that is its owner alone, may connect.
"""

import shutil
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from urllib.parse import quote

from domain.errors import ServiceError
from flows.services.become import becoming
from flows.services.binaries import Program
from flows.services.launch import last_lines, launch
from flows.services.process import working_in
from flows.services.running import Running, wait_until_ready
from flows.services.unprivileged import who_may_run
from store.ready import postgres_ready

NAME = "postgres"
STOP = ((signal.SIGINT, 30.0), (signal.SIGQUIT, 5.0))
"""SIGINT ends sessions and writes a checkpoint; SIGQUIT leaves the rest to crash recovery."""

_USER = _DATABASE = "signalengine"


def url_of(sockets: Path, database: str = _DATABASE) -> str:
    """The address of the Postgres whose socket lies in `sockets`."""
    # Everything is named, or libpq would take it from variables such as PGPORT.
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
) -> Running:
    """Start Postgres on `data`, which is made if it does not exist, and wait until it answers.

    Parameters
    ----------
    programs
        Candidates, best first. An existing `data` chooses the one that wrote it.
    sockets
        Directory for the socket; short, see `flows.services.home.Home.sockets`.
    durable
        False skips fsync: for tests, whose data nobody wants back.

    Raises
    ------
    ServiceError
        If the data is of another version, in use, or the server does not come up.
    """
    program = _program_for(programs, data)
    data.parent.mkdir(parents=True, exist_ok=True)
    who = who_may_run(program.path, data.parent, sockets)
    clean = {name: value for name, value in environ.items() if not name.startswith("PG")}
    if not data.exists():
        _create(program, data, log=log, record=record.with_name("initdb.json"), environ=clean, who=who, durable=durable)
    clear_stale_locks(data, sockets)
    command = [str(program.path), "-D", str(data), "-k", str(sockets), "-h", "", "-p", "5432"]
    command += ["-c", "timezone=UTC", "-c", "log_timezone=UTC", "-c", "max_connections=100"]
    if not durable:
        command += ["-c", "fsync=off", "-c", "synchronous_commit=off", "-c", "full_page_writes=off"]
    process = launch(command, log=log, record=record, environ=clean, who=who, dies_with_parent=dies_with_parent)
    url = url_of(sockets)
    wait_until_ready("Postgres", process, lambda: postgres_ready(url), log)
    return Running(NAME, url, str(program), process)


def _program_for(programs: Sequence[Program], data: Path) -> Program:
    try:
        made_by = (data / "PG_VERSION").read_text().strip()
    except FileNotFoundError:
        if data.exists():
            raise ServiceError(f"{data} is not a Postgres data directory; move it away") from None
        return programs[0]
    for program in programs:
        if str(program.version[0]) == made_by:
            return program
    found = ", ".join(map(str, programs))
    raise ServiceError(
        f"{data} was made by Postgres {made_by}, and only {found} can be had; install Postgres {made_by}, "
        f"give DATABASE_URL, or delete the data with 'signalengine reset'"
    )


def _create(
    program: Program,
    data: Path,
    *,
    log: Path,
    record: Path,
    environ: Mapping[str, str],
    who: str | None,
    durable: bool,
) -> None:
    """Make the data directory beside its place and move it there when it is whole."""
    draft = data.with_name(f"{data.name}.new")
    shutil.rmtree(draft, ignore_errors=True)
    initdb = [str(program.path.with_name("initdb")), "-D", str(draft), "--username", _USER, "--auth", "trust"]
    initdb += ["--encoding", "UTF8", "--locale", "C", "--data-checksums", *([] if durable else ["--no-sync"])]
    # Single-user mode needs no client program, which a machine with only a server may lack.
    single = [str(program.path), "--single", "-D", str(draft), *([] if durable else ["-F"]), "postgres"]
    with log.open("ab") as output:
        for command, words in ((initdb, b""), (single, f"CREATE DATABASE {_DATABASE}\n".encode())):
            done = subprocess.run(
                becoming(command, record=record, who=who),
                input=words,
                stdout=output,
                stderr=output,
                env=dict(environ),
                check=False,
            )
            if done.returncode != 0:
                raise ServiceError(f"{command[0]} failed; its log {log} ends with\n{last_lines(log)}")
    record.unlink(missing_ok=True)
    draft.rename(data)


def clear_stale_locks(data: Path, sockets: Path, *, patience_s: float = 30.0) -> None:
    """Remove the lock files of a Postgres that is gone.

    Postgres believes a lock file while any process has the pid in it: after a power cut that can be a
    stranger, and in a container whose first process does not reap, the dead postmaster itself. Every
    Postgres process, also a backend that outlives its killed postmaster for a moment, works in the data
    directory; where none does, the locks are stale.

    Raises
    ------
    ServiceError
        If somebody still works there after `patience_s` seconds.
    """
    deadline = time.monotonic() + patience_s
    while pids := working_in(data):
        if time.monotonic() > deadline:
            raise ServiceError(
                f"{data} is in use by process {', '.join(map(str, pids))}, which we did not start; "
                f"stop it, or give DATABASE_URL"
            )
        time.sleep(0.05)
    for lock in (data / "postmaster.pid", sockets / ".s.PGSQL.5432.lock"):
        lock.unlink(missing_ok=True)
