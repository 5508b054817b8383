"""An instance starts in order, survives the crash of any component, and leaves nothing behind."""

import os
import signal
from collections.abc import Iterator

import psycopg
import pytest
import redis

from tests.flows.services.instance import Trial
from tests.flows.services.standin import SLEEP, WEB
from tests.until import until

PARTS = ["api", "collector", "engine", "postgres", "supervisor", "valkey"]


@pytest.fixture
def trial() -> Iterator[Trial]:
    trial = Trial()
    yield trial
    trial.close()


def test_stack_starts_migrated_and_stops_in_order(trial: Trial) -> None:
    goodbye = (
        "import signal, sys, time; signal.signal(15, lambda *_: sys.exit(print('bye', time.time_ns(), flush=True))); {}"
    )
    web = goodbye.format("exec(open('{}').read())".format(trial.directory / "web.py"))
    (trial.directory / "web.py").write_text(WEB)
    supervisor = trial.up(f"api={web}", f"engine={goodbye.format(SLEEP)}", f"collector={goodbye.format(SLEEP)}")
    trial.until_ready()
    assert sorted(trial.alive()) == PARTS
    instance = trial.home.instance()
    assert instance is not None
    assert instance.database_url is not None
    assert instance.redis_url is not None
    with psycopg.connect(instance.database_url) as connection:
        assert connection.execute("SELECT count(*) > 0 FROM schema_migrations").fetchone() == (True,)
    with redis.Redis.from_url(instance.redis_url) as client:
        assert client.ping()
    until(lambda: trial.home.log("collector").read_text() == "begun\n")

    supervisor.send_signal(signal.SIGTERM)
    output, errors = supervisor.communicate(timeout=60)
    assert (supervisor.returncode, errors) == (0, "")
    assert output.splitlines()[-2:] == ["stopping", "stopped"]
    assert f"  REST       {instance.url}/api/v1/signals, …/whales, …/arbitrage/opportunities" in output.splitlines()
    assert trial.alive() == {}
    byes = {name: trial.home.log(name).read_text().splitlines()[-1].split() for name in ("collector", "engine", "api")}
    assert sorted(byes, key=lambda name: int(byes[name][1])) == ["collector", "engine", "api"]


@pytest.mark.parametrize("name", ["collector", "postgres", "valkey"])
def test_killed_component_is_restarted(trial: Trial, name: str) -> None:
    trial.up()
    trial.until_ready()
    first = trial.alive()[name]
    os.kill(first, signal.SIGKILL)
    until(lambda: trial.alive().get(name, first) != first)
    assert sorted(trial.alive()) == PARTS


def test_killed_supervisor_is_cleaned_up_after(trial: Trial) -> None:
    first = trial.up()
    trial.until_ready()
    before = trial.alive()
    first.kill()
    first.wait()
    left = {name: pid for name, pid in before.items() if name != "supervisor"}
    assert trial.alive() == left, "the parts go on"

    second = trial.up()
    until(lambda: trial.alive().get("supervisor") == second.pid)
    trial.until_ready()
    after = trial.alive()
    assert sorted(after) == PARTS
    assert set(after.values()).isdisjoint(before.values())
    second.send_signal(signal.SIGINT)
    output, _ = second.communicate(timeout=60)
    assert output.startswith(
        "stopped processes left behind by an earlier run: collector, engine, api, valkey, postgres\n"
    )
    assert second.returncode == 0


def test_all_components_killed_at_once_are_restarted(trial: Trial) -> None:
    supervisor = trial.up()
    trial.until_ready()
    for pid in trial.alive().values():
        os.kill(pid, signal.SIGKILL)
    supervisor.wait()
    trial.home.record("instance").unlink()
    trial.up()
    trial.until_ready()
    assert sorted(trial.alive()) == PARTS


def test_component_that_keeps_crashing_stops_the_stack(trial: Trial) -> None:
    supervisor = trial.up("engine=raise SystemExit('no memory of the past')")
    _, errors = supervisor.communicate(timeout=120)
    assert supervisor.returncode == 1
    assert errors.startswith("signalengine: engine exited with status 1, 6 times within 300 s; its log ")
    assert errors.endswith("ends with\n" + "  no memory of the past\n" * 5)
    assert trial.alive() == {}


def test_second_interrupt_does_not_wait(trial: Trial) -> None:
    deaf = "import signal, time; signal.signal(15, signal.SIG_IGN); print('deaf', flush=True); time.sleep(600)"
    supervisor = trial.up(f"collector={deaf}")
    trial.until_ready()
    until(lambda: trial.home.log("collector").read_text() == "deaf\n")
    supervisor.send_signal(signal.SIGINT)
    assert supervisor.stdout is not None
    while supervisor.stdout.readline() != "stopping\n":
        pass
    supervisor.send_signal(signal.SIGINT)
    supervisor.communicate(timeout=10)  # politely it would take 15 s
    assert (supervisor.returncode, trial.alive()) == (0, {})


def test_unreachable_external_address_is_masked_in_the_error(trial: Trial) -> None:
    trial.environ["DATABASE_URL"] = "postgresql://ada:correct-horse@127.0.0.1:1/ledger"
    supervisor = trial.up()
    output, errors = supervisor.communicate(timeout=60)
    assert supervisor.returncode == 1
    assert errors.startswith("signalengine: DATABASE_URL=postgresql://ada:***@127.0.0.1:1/ledger: Postgres at ")
    assert "correct-horse" not in output + errors


def test_external_services_are_used_and_not_started(trial: Trial, database_url: str, clean_redis_url: str) -> None:
    trial.environ |= {"DATABASE_URL": database_url, "REDIS_URL": clean_redis_url}
    tell = "import os, time; print(os.environ['DATABASE_URL'], os.environ['REDIS_URL'], flush=True); time.sleep(600)"
    trial.up(f"engine={tell}")
    trial.until_ready()
    assert sorted(trial.alive()) == ["api", "collector", "engine", "supervisor"]
    until(lambda: trial.home.log("engine").read_text() == f"{database_url} {clean_redis_url}\n")
    instance = trial.home.instance()
    assert instance is not None
    assert (instance.database_url, instance.redis_url) == (None, None)
