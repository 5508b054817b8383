"""Stack: everything one instance consists of, started in order, kept alive, stopped in reverse.

Postgres and Valkey (unless their addresses are given), migrations, then the API, the engine and the
collector. Whoever an earlier run left behind is stopped first, so that a run never shares its data
with a half-dead predecessor.
"""

import os
import signal
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial

from msgspec.structs import replace

from domain.errors import ServiceError
from flows.services import binaries, postgres, valkey
from flows.services.discovery import DATABASE_URL, REDIS_URL
from flows.services.home import Home, Instance
from flows.services.launch import launch
from flows.services.masking import masked
from flows.services.process import Process, write_record
from flows.services.rotation import rotate
from flows.services.settings import ServiceSettings
from flows.services.shutdown import SUPERVISOR, stop_recorded
from flows.services.supervisor import Part, Supervisor
from flows.services.web import get
from store.ready import postgres_ready, redis_ready

READY_WITHIN_S = 300.0
"""The first start compiles the kernels, which takes minutes on a slow machine."""
GIVEN_WITHIN_S = 15.0
"""A database that is started beside us may need a moment."""

_TICK_S = 0.2
_SAY_EVERY_S = 15.0
_ROTATE_EVERY_S = 10.0

Commands = Mapping[str, Sequence[str]]


def commands_for(venue: str, *, alerts: bool = False) -> Commands:
    """What the parts of an instance run, in the order of their start; `alerts` if there is somebody to tell."""
    python = [sys.executable, "-m"]
    return {
        "api": [*python, "api"],
        "engine": [*python, "flows", "engine"],
        "collector": [*python, "flows", "collect", venue],
    } | ({"alerts": [*python, "flows", "alerts"]} if alerts else {})


@dataclass
class Stack:
    """One instance.

    Parameters
    ----------
    home
        Where it lives; made, and locked by the caller.
    environ
        Environment of all parts; both addresses are added.
    instance
        Where the API will be and what it shows.
    commands
        Part to command line, in the order of their start.
    migrate
        Brings the database at a URL to our schema.
    say
        Takes a line for people.
    """

    home: Home
    settings: ServiceSettings
    environ: Mapping[str, str]
    instance: Instance
    commands: Commands
    migrate: Callable[[str], object]
    say: Callable[[str], None]
    _supervisor: Supervisor = field(init=False)

    def __post_init__(self) -> None:
        self._supervisor = Supervisor(self.say)

    def run(self, at_ready: Callable[[Instance], None], at_tick: Callable[[], None]) -> None:
        """Run until a signal or a failure ends it; when this returns or raises, everything has been stopped.

        Parameters
        ----------
        at_ready, at_tick
            Called when everything is up, and from then on five times a second.

        Raises
        ------
        KeyboardInterrupt
            On SIGINT, and on whatever other signals the caller turned into one.
        ServiceError
            If something cannot be started, or ends too often.
        """
        self.home.record("instance").unlink(missing_ok=True)
        write_record(self.home.record(SUPERVISOR), os.getpid(), sys.argv)
        try:
            if left := stop_recorded(self.home, spare=(SUPERVISOR,)):
                self.say(f"stopped what an earlier run left behind: {', '.join(left)}")
            self._start()
            self._wait_until_ready()
            self._publish(ready=True)
            at_ready(self.instance)
            self._keep(at_tick)
        except OSError as problem:
            raise ServiceError(f"the instance in {self.home.directory} cannot go on ({problem})") from problem
        finally:
            self._stop()

    def _start(self) -> None:
        environ = dict(self.environ)
        if not self._given(DATABASE_URL, "Postgres", postgres_ready):
            self._supervisor.start(Part(postgres.NAME, self._postgres, self.home.log(postgres.NAME)))
            environ[DATABASE_URL] = postgres.url_of(self.home.sockets)
            self.instance = replace(self.instance, database_url=environ[DATABASE_URL])
        if not self._given(REDIS_URL, "Redis", redis_ready):
            self._supervisor.start(Part(valkey.NAME, self._valkey, self.home.log(valkey.NAME)))
            environ[REDIS_URL] = valkey.url_of(self.home.sockets)
            self.instance = replace(self.instance, redis_url=environ[REDIS_URL])
        self.migrate(environ[DATABASE_URL])
        self._publish(ready=False)
        for name, command in self.commands.items():
            log = self.home.log(name)
            start = partial(launch, command, log=log, record=self.home.record(name), environ=environ)
            self._supervisor.start(Part(name, start, log))

    def _given(self, variable: str, what: str, problem: Callable[[str], str | None]) -> bool:
        """Whether an address is given; then it must answer."""
        url = self.environ.get(variable)
        if not url:
            return False
        deadline = time.monotonic() + GIVEN_WITHIN_S
        while (reason := problem(url)) is not None:
            if time.monotonic() > deadline:
                raise ServiceError(f"{variable}={masked(url)}: {masked(reason)}; or unset it, to have one started here")
            time.sleep(_TICK_S)
        self.say(f"{what} is given: {masked(url)}")
        return True

    def _postgres(self) -> Process:
        running = postgres.start(
            binaries.postgres_programs(self.settings.postgres),
            self.home.directory / "postgres" / "data",
            sockets=self.home.sockets,
            log=self.home.log(postgres.NAME),
            record=self.home.record(postgres.NAME),
            environ=self.environ,
        )
        self.say(f"Postgres is up: {running.origin}")
        return running.process

    def _valkey(self) -> Process:
        running = valkey.start(
            binaries.redis_programs(self.settings.redis),
            self.home.directory / "valkey",
            sockets=self.home.sockets,
            log=self.home.log(valkey.NAME),
            record=self.home.record(valkey.NAME),
            environ=self.environ,
            memory_mb=self.settings.redis_memory_mb,
        )
        self.say(f"Valkey is up: {running.origin}")
        return running.process

    def _publish(self, *, ready: bool) -> None:
        self.instance = replace(self.instance, ready=ready)
        self.home.write_instance(self.instance)

    def _wait_until_ready(self) -> None:
        url = f"{self.instance.url}/readyz"
        self.say(f"waiting for {url}")
        begun, said = time.monotonic(), 0.0
        while (reason := get(url, patience_s=2)[1]) is not None:
            self._supervisor.check()
            waited_s = time.monotonic() - begun
            if waited_s > READY_WITHIN_S:
                raise ServiceError(
                    f"{url} was not ready after {READY_WITHIN_S:g} s ({reason}); the logs are in {self.home.logs}"
                )
            if waited_s > said + _SAY_EVERY_S:
                said = waited_s
                self.say(f"still waiting after {waited_s:.0f} s ({reason})")
            time.sleep(_TICK_S)

    def _keep(self, at_tick: Callable[[], None]) -> None:
        rotate_at = time.monotonic()
        while True:
            self._supervisor.check()
            at_tick()
            if time.monotonic() >= rotate_at:
                rotate(self.home.logs, size_max=self.settings.log_mb * 1_000_000)
                rotate_at = time.monotonic() + _ROTATE_EVERY_S
            time.sleep(_TICK_S)

    def _stop(self) -> None:
        try:
            self.say("stopping")
            stop_recorded(self.home, spare=(SUPERVISOR,))
        except KeyboardInterrupt:  # whoever asks twice is in a hurry; a third time changes nothing
            for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
                signal.signal(number, signal.SIG_IGN)
            stop_recorded(self.home, spare=(SUPERVISOR,), at_once=True)
        self.home.record("instance").unlink(missing_ok=True)
        self.home.record(SUPERVISOR).unlink(missing_ok=True)
        self.say("stopped")
