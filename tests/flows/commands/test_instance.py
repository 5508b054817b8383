"""`status`, `logs`, `down`, `reset` and `migrate`, with and without an instance."""

import json

from tests.flows.services.instance import Trial
from tests.until import until

ENGINE = """
import os, time
from prometheus_client import Counter, start_http_server
Counter("whales", "", ["kind", "status"]).labels("whale", "suppressed").inc(1_200)
start_http_server(int(os.environ["SIGNALENGINE_ENGINE_PORT"]), "127.0.0.1")
print("begun", flush=True)
time.sleep(600)
"""
COUNTS = "found since the engine started: signals 0 (0 emitted), whales 1,200 (0 emitted), opportunities 0"


def test_commands_on_a_running_instance(trial: Trial) -> None:
    supervisor = trial.up(f"engine={ENGINE}")
    trial.until_ready()
    alive, instance = trial.alive(), trial.home.instance()
    assert instance is not None

    until(lambda: trial.home.log("engine").read_text() == "begun\n")
    report = json.loads(trial.run("status", "--json").stdout)
    assert {process["name"]: process["pid"] for process in report["processes"]} == alive
    assert (report["ready"], report["instance"]["url"]) == (True, instance.url)
    assert report["found"] == {"signals": [0, 0], "whales": [0, 1_200], "opportunities": 0}
    table = trial.run("status")
    assert table.returncode == 0
    assert table.stdout.splitlines()[0].split() == ["process", "pid", "uptime", "CPU", "memory"]
    assert table.stdout.splitlines()[-3:] == [COUNTS, "", f"API {instance.url}, venue sim, ready"]

    assert trial.run("logs", "engine").stdout == "begun\n"
    assert "engine     | begun\n" in trial.run("logs", "-n", "1").stdout

    assert trial.run("migrate").stdout == "the database is up to date\n"

    done = trial.run("down")
    assert (done.returncode, done.stdout) == (0, "stopped: supervisor\n")
    assert (supervisor.wait(timeout=10), trial.alive()) == (0, {})

    assert (trial.directory / "postgres/data/PG_VERSION").exists()
    assert trial.run("reset", "--yes").stdout == f"deleted the data in {trial.directory}\n"
    assert list(trial.directory.iterdir()) == []


def test_down_stops_processes_of_a_killed_supervisor(trial: Trial) -> None:
    supervisor = trial.up()
    trial.until_ready()
    supervisor.kill()
    supervisor.wait()
    assert trial.run("status").returncode == 3
    assert trial.run("down").stdout == "stopped: collector, engine, api, valkey, postgres\n"
    assert trial.alive() == {}


def test_without_an_instance(trial: Trial) -> None:
    nothing = f"nothing is running in {trial.directory}\n"
    status, down = trial.run("status"), trial.run("down")
    assert (status.returncode, status.stdout) == (3, nothing)
    assert (down.returncode, down.stdout) == (0, nothing)
    migrate = trial.run("migrate")
    assert (migrate.returncode, migrate.stderr) == (
        1,
        (
            f"signalengine: no Postgres: DATABASE_URL is not set, and 'signalengine up' runs none in "
            f"{trial.directory}; set DATABASE_URL, or start one with 'signalengine up'\n"
        ),
    )
    logs = trial.run("logs", "engine")
    assert (logs.returncode, logs.stderr) == (
        2,
        f"signalengine: log 'engine' does not exist; no logs in {trial.directory}/logs; run 'signalengine up'\n",
    )
