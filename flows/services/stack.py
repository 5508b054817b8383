"""Stack: all components of an instance, started in order, supervised, and stopped in reverse.

Postgres and Valkey (unless their addresses are configured), migrations, then the API, the engine and the
collector. Processes left behind by an earlier run are stopped first, so that two runs never share data.
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
from flows.services.supervisor import Component, Supervisor
from flows.services.web import get
from store.health_checks import check_postgres, check_redis

READY_TIMEOUT_S = 300.0
"""The first start compiles the kernels, which takes minutes on a slow machine."""
EXTERNAL_TIMEOUT_S = 15.0
"""An external database may be starting at the same time."""

_TICK_S = 0.2
_REPORT_EVERY_S = 15.0
_ROTATE_EVERY_S = 10.0

Commands = Mapping[str, Sequence[str]]


def commands_for(venue: str, *, alerts: bool = False) -> Commands:
    """Component to command line, in start order; `alerts` is included if any alert hook is configured."""
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
        Its directory; created and locked by the caller.
    environ
        Environment of all components; both addresses are added.
    instance
        Addresses of the API and of the engine's metrics.
    commands
        Component to command line, in start order.
    migrate
        Applies the migrations to the database at a URL.
    report
        Called with each progress line.
    """

    home: Home
    settings: ServiceSettings
    environ: Mapping[str, str]
    instance: Instance
    commands: Commands
    migrate: Callable[[str], object]
    report: Callable[[str], None]
    _supervisor: Supervisor = field(init=False)

    def __post_init__(self) -> None:
        self._supervisor = Supervisor(self.report)

    def run(self, on_ready: Callable[[Instance], None], on_tick: Callable[[], None]) -> None:
        """Run until a signal or a failure; when this returns or raises, all components have been stopped.

        Parameters
        ----------
        on_ready, on_tick
            Called when all components are ready, and from then on five times a second.

        Raises
        ------
        KeyboardInterrupt
            On SIGINT, and on other signals that the caller maps to it.
        ServiceError
            If a component cannot be started, or exits too often.
        """
        self.home.record("instance").unlink(missing_ok=True)
        write_record(self.home.record(SUPERVISOR), os.getpid(), sys.argv)
        try:
            if left := stop_recorded(self.home, exclude=(SUPERVISOR,)):
                self.report(f"stopped processes left behind by an earlier run: {', '.join(left)}")
            self._start()
            self._wait_until_ready()
            self._publish(ready=True)
            on_ready(self.instance)
            self._monitor(on_tick)
        except OSError as problem:
            raise ServiceError(f"the instance in {self.home.directory} failed ({problem})") from problem
        finally:
            self._stop()

    def _start(self) -> None:
        environ = dict(self.environ)
        if not self._is_external(DATABASE_URL, "Postgres", check_postgres):
            self._supervisor.start(Component(postgres.NAME, self._postgres, self.home.log(postgres.NAME)))
            environ[DATABASE_URL] = postgres.url_of(self.home.sockets)
            self.instance = replace(self.instance, database_url=environ[DATABASE_URL])
        if not self._is_external(REDIS_URL, "Redis", check_redis):
            self._supervisor.start(Component(valkey.NAME, self._valkey, self.home.log(valkey.NAME)))
            environ[REDIS_URL] = valkey.url_of(self.home.sockets)
            self.instance = replace(self.instance, redis_url=environ[REDIS_URL])
        self.migrate(environ[DATABASE_URL])
        self._publish(ready=False)
        for name, command in self.commands.items():
            log = self.home.log(name)
            start = partial(launch, command, log=log, record=self.home.record(name), environ=environ)
            self._supervisor.start(Component(name, start, log))

    def _is_external(self, variable: str, what: str, problem: Callable[[str], str | None]) -> bool:
        """Whether an address is configured, in which case the service must answer.

        Raises
        ------
        ServiceError
            If it does not answer within `EXTERNAL_TIMEOUT_S`.
        """
        url = self.environ.get(variable)
        if not url:
            return False
        deadline = time.monotonic() + EXTERNAL_TIMEOUT_S
        while (reason := problem(url)) is not None:
            if time.monotonic() > deadline:
                raise ServiceError(f"{variable}={masked(url)}: {masked(reason)}; or unset it to start one locally")
            time.sleep(_TICK_S)
        self.report(f"using external {what}: {masked(url)}")
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
        self.report(f"Postgres is up: {running.origin}")
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
        self.report(f"Valkey is up: {running.origin}")
        return running.process

    def _publish(self, *, ready: bool) -> None:
        self.instance = replace(self.instance, ready=ready)
        self.home.write_instance(self.instance)

    def _wait_until_ready(self) -> None:
        url = f"{self.instance.url}/readyz"
        self.report(f"waiting for {url}")
        started, reported_s = time.monotonic(), 0.0
        while (reason := get(url, timeout_s=2)[1]) is not None:
            self._supervisor.check()
            waited_s = time.monotonic() - started
            if waited_s > READY_TIMEOUT_S:
                raise ServiceError(
                    f"{url} was not ready after {READY_TIMEOUT_S:g} s ({reason}); the logs are in {self.home.logs}"
                )
            if waited_s > reported_s + _REPORT_EVERY_S:
                reported_s = waited_s
                self.report(f"still waiting after {waited_s:.0f} s ({reason})")
            time.sleep(_TICK_S)

    def _monitor(self, on_tick: Callable[[], None]) -> None:
        rotate_at = time.monotonic()
        while True:
            self._supervisor.check()
            on_tick()
            if time.monotonic() >= rotate_at:
                rotate(self.home.logs, size_max=self.settings.log_mb * 1_000_000)
                rotate_at = time.monotonic() + _ROTATE_EVERY_S
            time.sleep(_TICK_S)

    def _stop(self) -> None:
        try:
            self.report("stopping")
            stop_recorded(self.home, exclude=(SUPERVISOR,))
        except KeyboardInterrupt:  # a second Ctrl-C stops without waiting; further ones are ignored
            for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
                signal.signal(number, signal.SIG_IGN)
            stop_recorded(self.home, exclude=(SUPERVISOR,), at_once=True)
        self.home.record("instance").unlink(missing_ok=True)
        self.home.record(SUPERVISOR).unlink(missing_ok=True)
        self.report("stopped")
