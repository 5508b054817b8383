"""`up` runs once, prints its addresses, and checks settings and ports before it starts."""

import socket
from pathlib import Path

from tests.flows.services.instance import Trial
from tests.flows.services.standin import WEB
from tests.until import until


def test_second_up_prints_the_addresses_of_the_first(trial: Trial) -> None:
    trial.up()
    trial.until_ready()
    before, instance = trial.alive(), trial.home.instance()
    assert instance is not None
    done = trial.run("up")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines() == [
        f"signalengine is already running in {trial.directory}",
        "signalengine is ready, venue sim (simulated)",
        f"  REST       {instance.url}/api/v1/signals, …/whales, …/arbitrage/opportunities",
        f"  WebSocket  {instance.url.replace('http', 'ws')}/ws/feed",
        f"  metrics    {instance.url}/metrics and {instance.metrics_url}",
    ]
    assert trial.run("up", "--detach").stdout == done.stdout
    assert trial.alive() == before


def test_up_during_the_start_of_another_waits_for_it(trial: Trial) -> None:
    late = "import time; time.sleep(2)\n" + WEB
    trial.up(f"api={late}")
    until(lambda: "api" in trial.alive())
    lines = trial.run("up").stdout.splitlines()
    assert lines[:3] == [
        f"another 'signalengine up' is starting in {trial.directory}; waiting for it",
        f"signalengine is already running in {trial.directory}",
        "signalengine is ready, venue sim (simulated)",
    ]


def test_port_in_use_is_an_error(trial: Trial) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        done = trial.run("up", "--port", str(port))
        assert (done.returncode, done.stderr) == (
            2,
            (
                f"signalengine: port {port} on 127.0.0.1 for the api is not available (Address already in use); "
                f"choose another with --port, or 0 for any free port\n"
            ),
        )
        trial.environ["SIGNALENGINE_ENGINE_PORT"] = str(port)
        assert trial.run("up").stderr == (
            f"signalengine: port {port} on 127.0.0.1 for the engine is not available (Address already in use); "
            f"choose another as SIGNALENGINE_ENGINE_PORT, or 0 for any free port\n"
        )
    assert trial.alive() == {}


def test_invalid_setting_is_an_error_before_anything_starts(trial: Trial) -> None:
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


def test_failure_of_detached_up_is_reported(trial: Trial) -> None:
    trial.environ["DATABASE_URL"] = "nonsense"
    done = trial.run("up", "--detach")
    assert done.returncode == 2
    assert done.stderr.splitlines()[-1].startswith("signalengine: the address of Postgres is invalid; ")
    assert trial.alive() == {}
