"""Home: the directory in which `up` keeps its data, logs and process records.

postgres/  valkey/  recovery/  data
logs/<name>.log                output of each process; .log.1 is the rotated older part
run/<name>.json                pid and start token of each process, see flows.services.process
run/instance.json              addresses of the instance, for the other commands
lock                           held by the single running `up`
"""

import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path

import msgspec

from domain.errors import SettingError
from flows.services.settings import ServiceSettings

_SOCKET_PATH_MAX = 100
"""A unix socket's path must stay under 108 bytes on Linux and 104 on macOS."""
_CONTENTS = ("postgres", "valkey", "recovery", "logs", "run", "lock")


class Instance(msgspec.Struct, frozen=True, kw_only=True):
    """The running instance, as other commands look it up.

    Attributes
    ----------
    url
        Base URL of the API.
    metrics_url
        Metrics endpoint of the engine.
    database_url, redis_url
        Addresses of the services that `up` started; None for an external service, whose address may hold a
        password.
    ready
        Whether all components have been ready at the same time.
    """

    url: str
    metrics_url: str
    venue: str
    database_url: str | None = None
    redis_url: str | None = None
    ready: bool = False


@dataclass(frozen=True, slots=True)
class Home:
    """The directory of an instance and the paths in it."""

    directory: Path

    @property
    def sockets(self) -> Path:
        """Directory of the unix sockets: in this home, or in a shorter path if that would be too long."""
        inside = self.directory / "run"
        # Postgres reads a comma as the end of one directory and the beginning of another.
        if len(os.fsencode(inside / ".s.PGSQL.5432")) <= _SOCKET_PATH_MAX and "," not in str(inside):
            return inside
        digest = blake2b(os.fsencode(self.directory), digest_size=6).hexdigest()
        return _short_directory() / f"signalengine-{digest}"

    @property
    def logs(self) -> Path:
        """Directory of the logs."""
        return self.directory / "logs"

    def log(self, name: str) -> Path:
        """Log file of process `name`."""
        return self.logs / f"{name}.log"

    def record(self, name: str) -> Path:
        """Record file of process `name`; see `flows.services.process.Record`."""
        return self.directory / "run" / f"{name}.json"

    def recorded_names(self) -> list[str]:
        """Names of all recorded processes, alive or not."""
        return sorted(path.stem for path in (self.directory / "run").glob("*.json") if path.stem != "instance")

    def instance(self) -> Instance | None:
        """The instance recorded by the last `up`, which may have ended since; None if there is no record."""
        try:
            return msgspec.json.decode(self.record("instance").read_bytes(), type=Instance)
        except (FileNotFoundError, msgspec.DecodeError):
            return None

    def write_instance(self, instance: Instance) -> None:
        """Write the instance record atomically."""
        draft = self.record("instance").with_suffix(".new")
        draft.write_bytes(msgspec.json.encode(instance))
        draft.replace(self.record("instance"))

    @contextmanager
    def locked(self) -> Iterator[bool]:
        """Hold the instance lock for the block; yield whether it was acquired. The kernel releases it on exit."""
        with (self.directory / "lock").open("ab") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                yield False
                return
            yield True

    def create(self) -> None:
        """Create the directories, accessible to their owner only.

        Raises
        ------
        SettingError
            If they cannot be created, or the socket directory belongs to another user.
        """
        try:
            for directory in (self.directory, self.directory / "run", self.logs, self.sockets):
                directory.mkdir(mode=0o700, parents=True, exist_ok=True)
            (self.directory / "lock").touch()
        except OSError as problem:
            raise SettingError(
                f"directory {str(self.directory)!r} cannot be used ({problem.strerror}); "
                f"set SIGNALENGINE_SERVICES_DIRECTORY to another"
            ) from None
        # In a shared temporary directory another user may have created it first; root's /run is not shared.
        if os.geteuid() != 0 and (self.sockets.is_symlink() or self.sockets.stat().st_uid != os.geteuid()):
            raise SettingError(f"directory {str(self.sockets)!r} belongs to another user; remove it")

    def clear(self) -> None:
        """Delete everything that `up` created in the directory, and nothing else."""
        for name in _CONTENTS:
            path = self.directory / name
            if path.is_dir():
                shutil.rmtree(path)
            else:
                path.unlink(missing_ok=True)
        if not self.sockets.is_relative_to(self.directory):
            shutil.rmtree(self.sockets, ignore_errors=True)


def _short_directory() -> Path:
    if os.geteuid() == 0 and Path("/run").is_dir():
        return Path("/run")
    temporary = Path(tempfile.gettempdir())
    return temporary if len(os.fsencode(temporary)) < 60 else Path("/tmp")  # noqa: S108  checked in create()


def home_of(settings: ServiceSettings, environ: Mapping[str, str]) -> Home:
    """The home directory from the settings, or the default one."""
    if settings.directory:
        return Home(Path(settings.directory).expanduser().absolute())
    state = environ.get("XDG_STATE_HOME") or "~/.local/state"
    return Home(Path(state).expanduser().absolute() / "signalengine")
