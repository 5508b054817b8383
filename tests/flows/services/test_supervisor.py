"""A component that exits is restarted with growing backoff, until it has exited too often."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from domain.errors import ServiceError
from flows.services.launch import launch
from flows.services.process import Process
from flows.services.supervisor import BACKOFF_MIN_S, CRASHES_MAX, CRASHES_WITHIN_S, Component, Supervisor
from tests.until import until


class Bench:
    """A supervisor of real processes, with a clock that the test controls."""

    def __init__(self, home: Path) -> None:
        self.home, self.now, self.lines, self.started = home, 0.0, list[str](), list[Process]()
        self.supervisor = Supervisor(self.lines.append, lambda: self.now)

    def component(self, program: str) -> Component:
        log = self.home / "part.log"

        def start() -> Process:
            command = [sys.executable, "-c", program]
            self.started.append(launch(command, log=log, record=self.home / "part.json", environ={}))
            return self.started[-1]

        return Component("part", start, log)

    def report_of_exit(self) -> str:
        """Wait until the newest process has exited; return what the supervisor reports."""
        until(lambda: not self.started[-1].alive())
        self.supervisor.check()
        return self.lines[-1]

    def close(self) -> None:
        for process in self.started:
            process.stop(())


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    bench = Bench(tmp_path)
    yield bench
    bench.close()


@pytest.mark.parametrize(
    ("program", "reason"),
    [
        ("", "exited with status 0"),
        ("raise SystemExit(3)", "exited with status 3"),
        ("import os; os.kill(os.getpid(), 9)", "was killed by SIGKILL"),
    ],
)
def test_any_exit_is_a_failure(bench: Bench, program: str, reason: str) -> None:
    bench.supervisor.start(bench.component(program))
    assert bench.report_of_exit() == f"part {reason}; restarting it in 0.5 s"
    bench.supervisor.check()
    assert len(bench.started) == 1, "the backoff comes first"
    bench.now += BACKOFF_MIN_S
    bench.supervisor.check()
    assert [bench.lines[-1], len(bench.started)] == [f"part restarted, pid {bench.started[1].pid}", 2]


def test_running_component_is_left_alone(bench: Bench) -> None:
    bench.supervisor.start(bench.component("import time; time.sleep(600)"))
    for _ in range(3):
        bench.now += 1000
        bench.supervisor.check()
    assert (len(bench.started), bench.lines) == (1, [])


def test_backoff_grows_until_too_many_crashes(bench: Bench) -> None:
    bench.supervisor.start(bench.component("print('no good')"))
    for pause_s in (0.5, 1, 2, 4, 8):
        assert bench.report_of_exit() == f"part exited with status 0; restarting it in {pause_s:g} s"
        bench.now += pause_s
        bench.supervisor.check()
    with pytest.raises(
        ServiceError, match=r"^part exited with status 0, 6 times within 300 s; its log \S+ ends with\n  no good"
    ):
        bench.report_of_exit()
    assert len(bench.started) == CRASHES_MAX


def test_old_crashes_do_not_count(bench: Bench) -> None:
    bench.supervisor.start(bench.component(""))
    for _ in range(CRASHES_MAX + 2):
        assert bench.report_of_exit() == "part exited with status 0; restarting it in 0.5 s"
        bench.now += CRASHES_WITHIN_S + 1
        bench.supervisor.check()


def test_start_that_fails_counts_as_a_crash(bench: Bench) -> None:
    good = bench.component("")
    attempts = []

    def start() -> Process:
        attempts.append(bench.now)
        if len(attempts) > 1:
            raise ServiceError("no disk")
        return good.start()

    bench.supervisor.start(Component("part", start, good.log))
    bench.report_of_exit()
    bench.now += 0.5
    bench.supervisor.check()
    assert bench.lines[-1] == "part did not start: no disk; restarting it in 1 s"


def test_first_start_that_fails_is_not_retried(bench: Bench) -> None:
    def start() -> Process:
        raise ServiceError("no disk")

    with pytest.raises(ServiceError, match=r"^no disk$"):
        bench.supervisor.start(Component("part", start, bench.home / "part.log"))
