"""`up` runs once, says where, and refuses what cannot work before it has begun."""

import socket
from pathlib import Path

from tests.flows.services.instance import Trial
from tests.flows.services.standin import WEB
from tests.until import until


def test_second_up_finds_the_first_and_is_content(trial: Trial) -> None:
    trial.up()
    trial.until_ready()
    before, instance = trial.alive(), trial.home.instance()
    assert instance is not None
    done = trial.run("up")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines() == [
        f"signalengine already runs in {trial.directory}",
        "signalengine is ready, venue sim (simulated)",
        f"  REST       {instance.url}/api/v1/signals, …/whales, …/arbitrage/opportunities",
        f"  WebSocket  {instance.url.replace('http', 'ws')}/ws/feed",
        f"  metrics    {instance.url}/metrics and {instance.metrics_url}",
    ]
    assert trial.run("up", "--detach").stdout == done.stdout
    assert trial.alive() == before


def test_up_that_comes_while_the_first_starts_waits_for_it(trial: Trial) -> None:
    late = "import time; time.sleep(2)\n" + WEB
    trial.up(f"api={late}")
    until(lambda: "api" in trial.alive())
    said = trial.run("up").stdout.splitlines()
    assert said[:3] == [
        f"another 'signalengine up' is starting in {trial.directory}; waiting for it",
        f"signalengine already runs in {trial.directory}",
        "signalengine is ready, venue sim (simulated)",
    ]


def test_port_that_is_taken_is_named(trial: Trial) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        done = trial.run("up", "--port", str(port))
        assert (done.returncode, done.stderr) == (
            2,
            (
                f"signalengine: port {port} on 127.0.0.1 for the api cannot be had (Address already in use); "
                f"choose another with --port, or 0 for any\n"
            ),
        )
        trial.environ["SIGNALENGINE_ENGINE_PORT"] = str(port)
        assert trial.run("up").stderr == (
            f"signalengine: port {port} on 127.0.0.1 for the engine cannot be had (Address already in use); "
            f"choose another as SIGNALENGINE_ENGINE_PORT, or 0 for any\n"
        )
    assert trial.alive() == {}


def test_setting_that_is_wrong_ends_before_anything_begins(trial: Trial) -> None:
    trial.environ["SIGNALENGINE_SERVICES_POSTGRESS"] = "system"
    done = trial.run("up")
    assert (done.returncode, done.stderr) == (
        2,
        (
            "signalengine: setting SIGNALENGINE_SERVICES_POSTGRESS is unknown; "
            "did you mean SIGNALENGINE_SERVICES_POSTGRES?\n"
        ),
    )
    assert list(Path(trial.directory).iterdir()) == []


def test_detached_up_that_fails_says_why(trial: Trial) -> None:
    trial.environ["DATABASE_URL"] = "nonsense"
    done = trial.run("up", "--detach")
    assert done.returncode == 2
    assert done.stderr.splitlines()[-1].startswith("signalengine: the address of Postgres is invalid; ")
    assert trial.alive() == {}
