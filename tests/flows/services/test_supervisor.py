"""What ends is started again, at growing distances, until it has ended too often."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from domain.errors import ServiceError
from flows.services.launch import launch
from flows.services.process import Process
from flows.services.supervisor import CRASHES_MAX, CRASHES_WITHIN_S, PAUSE_LEAST_S, Part, Supervisor
from tests.until import until


class Bench:
    """A supervisor over real processes, with a clock that the test moves."""

    def __init__(self, home: Path) -> None:
        self.home, self.now, self.lines, self.started = home, 0.0, list[str](), list[Process]()
        self.supervisor = Supervisor(self.lines.append, lambda: self.now)

    def part(self, program: str) -> Part:
        log = self.home / "part.log"

        def start() -> Process:
            command = [sys.executable, "-c", program]
            self.started.append(launch(command, log=log, record=self.home / "part.json", environ={}))
            return self.started[-1]

        return Part("part", start, log)

    def see_it_end(self) -> str:
        """Wait until the newest process ended; what the supervisor says to that."""
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
    ("program", "ending"),
    [
        ("", "ended with status 0"),
        ("raise SystemExit(3)", "ended with status 3"),
        ("import os; os.kill(os.getpid(), 9)", "was killed by SIGKILL"),
    ],
)
def test_any_end_is_a_failure(bench: Bench, program: str, ending: str) -> None:
    bench.supervisor.start(bench.part(program))
    assert bench.see_it_end() == f"part {ending}; starting it again in 0.5 s"
    bench.supervisor.check()
    assert len(bench.started) == 1, "it waits first"
    bench.now += PAUSE_LEAST_S
    bench.supervisor.check()
    assert [bench.lines[-1], len(bench.started)] == [f"part started again, pid {bench.started[1].pid}", 2]


def test_who_lives_is_left_alone(bench: Bench) -> None:
    bench.supervisor.start(bench.part("import time; time.sleep(600)"))
    for _ in range(3):
        bench.now += 1000
        bench.supervisor.check()
    assert (len(bench.started), bench.lines) == (1, [])


def test_pauses_grow_and_the_budget_ends(bench: Bench) -> None:
    bench.supervisor.start(bench.part("print('no good')"))
    for pause_s in (0.5, 1, 2, 4, 8):
        assert bench.see_it_end() == f"part ended with status 0; starting it again in {pause_s:g} s"
        bench.now += pause_s
        bench.supervisor.check()
    with pytest.raises(
        ServiceError, match=r"^part ended with status 0, 6 times within 300 s; its log \S+ ends with\n  no good"
    ):
        bench.see_it_end()
    assert len(bench.started) == CRASHES_MAX


def test_old_crashes_are_forgiven(bench: Bench) -> None:
    bench.supervisor.start(bench.part(""))
    for _ in range(CRASHES_MAX + 2):
        assert bench.see_it_end() == "part ended with status 0; starting it again in 0.5 s"
        bench.now += CRASHES_WITHIN_S + 1
        bench.supervisor.check()


def test_start_that_fails_counts_as_a_crash(bench: Bench) -> None:
    good = bench.part("")
    attempts = []

    def start() -> Process:
        attempts.append(bench.now)
        if len(attempts) > 1:
            raise ServiceError("no disk")
        return good.start()

    bench.supervisor.start(Part("part", start, good.log))
    bench.see_it_end()
    bench.now += 0.5
    bench.supervisor.check()
    assert bench.lines[-1] == "part did not start: no disk; starting it again in 1 s"


def test_first_start_that_fails_is_not_repeated(bench: Bench) -> None:
    def start() -> Process:
        raise ServiceError("no disk")

    with pytest.raises(ServiceError, match=r"^no disk$"):
        bench.supervisor.start(Part("part", start, bench.home / "part.log"))
