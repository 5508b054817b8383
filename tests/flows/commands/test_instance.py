"""`status`, `logs`, `down`, `reset`, `migrate`: what can be done with an instance, and without one."""

import json
import subprocess
import sys

import psycopg

from flows.services.rotation import rotate
from tests.flows.services.instance import Trial
from tests.flows.services.until import until


def test_everything_about_an_instance(trial: Trial) -> None:
    supervisor = trial.up()
    trial.until_ready()
    alive, instance = trial.alive(), trial.home.instance()
    assert instance is not None

    report = json.loads(trial.run("status", "--json").stdout)
    assert {process["name"]: process["pid"] for process in report["processes"]} == alive
    assert (report["ready"], report["instance"]["url"]) == (True, instance.url)
    table = trial.run("status")
    assert table.returncode == 0
    assert table.stdout.splitlines()[0].split() == ["process", "pid", "uptime", "CPU", "memory"]
    assert table.stdout.splitlines()[-1] == f"API {instance.url}, venue sim, ready"

    until(lambda: trial.home.log("engine").read_text() == "begun\n")
    assert trial.run("logs", "engine").stdout == "begun\n"
    assert "engine     | begun\n" in trial.run("logs", "-n", "1").stdout

    assert trial.run("migrate").stdout == "the database is up to date\n"

    done = trial.run("down")
    assert (done.returncode, done.stdout) == (0, "stopped: supervisor\n")
    assert (supervisor.wait(timeout=10), trial.alive()) == (0, {})

    assert (trial.directory / "postgres/data/PG_VERSION").exists()
    assert trial.run("reset", "--yes").stdout == f"deleted the data in {trial.directory}\n"
    assert list(trial.directory.iterdir()) == []


def test_down_stops_what_a_killed_supervisor_left(trial: Trial) -> None:
    supervisor = trial.up()
    trial.until_ready()
    supervisor.kill()
    supervisor.wait()
    assert trial.run("status").returncode == 3
    assert trial.run("down").stdout == "stopped: collector, engine, api, valkey, postgres\n"
    assert trial.alive() == {}


def test_without_an_instance(trial: Trial) -> None:
    nothing = f"nothing runs in {trial.directory}\n"
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
        f"signalengine: log 'engine' does not exist; there are none in {trial.directory}/logs; run 'signalengine up'\n",
    )


def test_reset_asks_first(trial: Trial) -> None:
    trial.home.make()
    done = subprocess.run(
        [sys.executable, "-m", "flows", "reset"],
        env=trial.environ,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (
        2,
        "signalengine: 'reset' deletes data and there is no terminal to ask at; add --yes\n",
    )
    assert trial.home.logs.exists()


def test_logs_are_followed_through_a_rotation(trial: Trial) -> None:
    trial.home.make()
    log = trial.home.log("engine")
    log.write_text("before we came\nthe last\n")
    command = [sys.executable, "-m", "flows", "logs", "engine", "-f", "-n", "1"]
    with (
        subprocess.Popen(command, env=trial.environ, stdout=subprocess.PIPE, text=True) as following,
        log.open("a") as writer,
    ):
        assert following.stdout is not None
        assert following.stdout.readline() == "the last\n"
        writer.write("whole\nhal")
        writer.flush()
        assert following.stdout.readline() == "whole\n"
        writer.write("f\n")
        writer.flush()
        assert following.stdout.readline() == "half\n"
        rotate(trial.home.logs, size_max=1)
        writer.write("anew\n")
        writer.flush()
        assert following.stdout.readline() == "anew\n"
        following.kill()


def test_migrate_applies_and_checks(trial: Trial, postgres_url: str) -> None:
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        connection.execute("CREATE DATABASE bare")
    trial.environ["DATABASE_URL"] = postgres_url.replace("/signalengine?", "/bare?")
    check = trial.run("migrate", "--check")
    missing = check.stdout.splitlines()
    assert (check.returncode, {line.split()[0] for line in missing}) == (1, {"missing"})
    applied = trial.run("migrate")
    assert (applied.returncode, applied.stdout) == (0, check.stdout.replace("missing", "applied"))
    again = trial.run("migrate", "--check")
    assert (again.returncode, again.stdout) == (0, "the database is up to date\n")
