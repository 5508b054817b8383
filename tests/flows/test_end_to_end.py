"""Everything at once: `up` with the simulator; a signal reaches a WebSocket, REST and Postgres under one id."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from urllib.request import urlopen

import psycopg
import pytest
from websockets.sync.client import connect

from flows.services.home import Home
from flows.services.process import read_record

PATIENCE_S = 120.0
SCORED = (
    *("raw_confidence", "adjusted_score", "time_decay_factor", "historical_boost", "correlation_boost"),
    *("risk_penalty", "final_score", "ranking", "probability", "expected_value_r"),
)
"""What is thought of every emitted signal, once its strategy has a record."""
UNTRADED = """
    SELECT count(*) FROM signals LEFT JOIN trade_executions ON trade_executions.signal_id = signals.id
    WHERE signals.status = 'emitted' AND trade_executions.signal_id IS NULL
"""


class Up:
    """`signalengine up --detach` in a home of its own."""

    def __init__(self, directory):
        self.home = Home(directory)
        self.environ = {
            **{name: value for name, value in os.environ.items() if name not in ("DATABASE_URL", "REDIS_URL")},
            "SIGNALENGINE_SERVICES_DIRECTORY": str(directory),
            "SIGNALENGINE_ENGINE_PORT": "0",
            # What is let through must not depend on the day on which the tests run.
            "SIGNALENGINE_SCORE_GATE": "false",
            "SIGNALENGINE_SIM_SYMBOLS": "BTCUSDT,ETHUSDT,SOLUSDT",
            "SIGNALENGINE_SIM_HISTORY_S": "172800",
            "SIGNALENGINE_SIM_SPEED": "600",
            "SIGNALENGINE_SIM_LEAD_S": "86400",
        }

    def command(self, *words):
        done = subprocess.run(
            [sys.executable, "-m", "flows", *words],
            env=self.environ,
            capture_output=True,
            text=True,
            check=False,
            timeout=180,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout


@pytest.fixture
def up(tmp_path_factory):
    running = Up(tmp_path_factory.mktemp("e2e"))
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    running.command("up", "--detach", "--port", str(port))
    yield running
    running.command("down")


def first_signal(url):
    """The first whose strategy has a record already."""
    with connect(url.replace("http://", "ws://") + "/ws/feed") as feed:
        assert json.loads(feed.recv(timeout=10))["type"] == "connected"
        deadline = time.monotonic() + PATIENCE_S
        while True:
            message = json.loads(feed.recv(timeout=max(0.1, deadline - time.monotonic())))
            if message["type"] == "signal" and message["data"]["expected_value_r"] is not None:
                return message["data"]


def test_a_signal_is_the_same_everywhere(up):
    instance = up.home.instance()
    pushed = first_signal(instance.url)
    with urlopen(f"{instance.url}/api/v1/signals/{pushed['id']}", timeout=10) as answer:
        served = json.load(answer)
    with psycopg.connect(instance.database_url) as connection:
        row = connection.execute(
            f"SELECT symbol, direction, simulated, {', '.join(SCORED)} FROM signals WHERE id = %s", [pushed["id"]]
        ).fetchone()
        untraded = connection.execute(UNTRADED).fetchone()
    assert row == (pushed["symbol"], pushed["direction"], True, *(pushed[name] for name in SCORED))
    assert None not in row
    assert served["score"]["ranking"] == pushed["ranking"] >= 1
    assert untraded == (0,)
    assert {name: served[name] for name in pushed if name not in ("score", "outcome")} == {
        name: value for name, value in pushed.items() if name not in ("score", "outcome")
    }
    assert pushed["simulated"] is True
    # The engine dies; it is started again, and signals go on.
    killed = read_record(up.home.record("engine"))
    os.kill(killed.pid, signal.SIGKILL)
    again = first_signal(instance.url)
    assert again["id"] != pushed["id"]
    assert read_record(up.home.record("engine")).pid != killed.pid
