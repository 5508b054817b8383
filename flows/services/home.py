"""Home: the directory in which `up` keeps its data, its logs and what it must remember.

postgres/  valkey/  recovery/  data
logs/<name>.log                what each process said; .log.1 is the older half
run/<name>.json                the pid and start of each process, see flows.services.process
run/instance.json              where everything is, for the other commands
lock                           held by the one `up` that may be
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
    """What runs, as other commands find it.

    Attributes
    ----------
    url
        Of the API.
    metrics_url
        Of the engine.
    database_url, redis_url
        Of services of our own; None where an address was given, which may hold a password.
    ready
        Whether everything has been up at once.
    """

    url: str
    metrics_url: str
    venue: str
    database_url: str | None = None
    redis_url: str | None = None
    ready: bool = False


@dataclass(frozen=True, slots=True)
class Home:
    """The directory and the names in it."""

    directory: Path

    @property
    def sockets(self) -> Path:
        """Where unix sockets lie: in here, or in a shorter place if that path were too long."""
        inside = self.directory / "run"
        # Postgres reads a comma as the end of one directory and the beginning of another.
        if len(os.fsencode(inside / ".s.PGSQL.5432")) <= _SOCKET_PATH_MAX and "," not in str(inside):
            return inside
        mark = blake2b(os.fsencode(self.directory), digest_size=6).hexdigest()
        return _short_directory() / f"signalengine-{mark}"

    @property
    def logs(self) -> Path:
        """Directory of the logs."""
        return self.directory / "logs"

    def log(self, name: str) -> Path:
        """What process `name` said."""
        return self.logs / f"{name}.log"

    def record(self, name: str) -> Path:
        """Who process `name` is."""
        return self.directory / "run" / f"{name}.json"

    def recorded(self) -> list[str]:
        """Names of all recorded processes, alive or not."""
        return sorted(path.stem for path in (self.directory / "run").glob("*.json") if path.stem != "instance")

    def instance(self) -> Instance | None:
        """What the last `up` wrote down; it may be dead by now."""
        try:
            return msgspec.json.decode(self.record("instance").read_bytes(), type=Instance)
        except (FileNotFoundError, msgspec.DecodeError):
            return None

    def write_instance(self, instance: Instance) -> None:
        """Write it down, whole or not at all."""
        draft = self.record("instance").with_suffix(".new")
        draft.write_bytes(msgspec.json.encode(instance))
        draft.replace(self.record("instance"))

    @contextmanager
    def locked(self) -> Iterator[bool]:
        """Whether we are the only one, for as long as the block runs. The kernel forgets the lock of the dead."""
        with (self.directory / "lock").open("ab") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                yield False
                return
            yield True

    def make(self) -> None:
        """Make the directories, closed to everybody else.

        Raises
        ------
        SettingError
            If that is not allowed here.
        """
        try:
            for directory in (self.directory, self.directory / "run", self.logs, self.sockets):
                directory.mkdir(mode=0o700, parents=True, exist_ok=True)
            (self.directory / "lock").touch()
        except OSError as problem:
            raise SettingError(
                f"directory {str(self.directory)!r} cannot be used ({problem.strerror}); "
                f"give another as SIGNALENGINE_SERVICES_DIRECTORY"
            ) from None
        # In a shared temporary directory somebody else may have been there first; root's is not shared.
        if os.geteuid() != 0 and (self.sockets.is_symlink() or self.sockets.stat().st_uid != os.geteuid()):
            raise SettingError(f"directory {str(self.sockets)!r} belongs to somebody else; remove it")

    def clear(self) -> None:
        """Delete everything we made, and nothing else that lies there."""
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
    return temporary if len(os.fsencode(temporary)) < 60 else Path("/tmp")  # noqa: S108  checked in make()


def home_of(settings: ServiceSettings, environ: Mapping[str, str]) -> Home:
    """The home that the settings name, or the usual one."""
    if settings.directory:
        return Home(Path(settings.directory).expanduser().absolute())
    state = environ.get("XDG_STATE_HOME") or "~/.local/state"
    return Home(Path(state).expanduser().absolute() / "signalengine")
