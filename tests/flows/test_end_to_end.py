"""End to end: `up` with the simulator; results have the same id in WebSockets, REST and Postgres."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from urllib.parse import quote
from urllib.request import urlopen

import psycopg
import pytest
from websockets.sync.client import connect

from flows.services.home import Home
from flows.services.process import read_record

TIMEOUT_S = 180.0
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
    """`signalengine up --detach` in a temporary home."""

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
            "SIGNALENGINE_SIMULATED_MARKETS_SINGLES": "1",
            "SIGNALENGINE_SIMULATED_MARKETS_EVENTS": "2",
            "SIGNALENGINE_SIMULATED_MARKETS_OPEN_EVENTS": "0",
            "SIGNALENGINE_SIMULATED_MARKETS_LADDERS": "0",
            "SIGNALENGINE_SIMULATED_MARKETS_ROUND_H": "6",
            "SIGNALENGINE_SIMULATED_MARKETS_WHALES_PER_DAY": "48",
            "SIGNALENGINE_SIMULATED_MARKETS_BASKETS_PER_DAY": "48",
            "SIGNALENGINE_SIMULATED_MARKETS_HISTORY_H": "6",
        }

    def command(self, *arguments):
        done = subprocess.run(
            [sys.executable, "-m", "flows", *arguments],
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
    """The first signal whose strategy has a track record."""
    with connect(url.replace("http://", "ws://") + "/ws/feed") as feed:
        assert json.loads(feed.recv(timeout=10))["type"] == "connected"
        deadline = time.monotonic() + TIMEOUT_S
        while True:
            message = json.loads(feed.recv(timeout=max(0.1, deadline - time.monotonic())))
            if message["type"] == "signal" and message["data"]["expected_value_r"] is not None:
                return message["data"]


def whole_life(url):
    """The changes of the first opportunity that opens and closes."""
    with connect(url.replace("http://", "ws://") + "/api/v1/ws/arbitrage") as feed:
        assert json.loads(feed.recv(timeout=10))["type"] == "connected"
        deadline = time.monotonic() + TIMEOUT_S
        lives = {}
        while True:
            message = json.loads(feed.recv(timeout=max(0.1, deadline - time.monotonic())))
            if message["type"] == "arbitrage":
                change = message["data"]
                life = lives.setdefault(change["id"], [])
                life.append(change)
                if life[0]["closed_at"] is None and change["closed_at"] is not None:
                    return life


def ask(url, path):
    with urlopen(url + path, timeout=10) as answer:
        return json.load(answer)


def test_results_are_the_same_in_every_interface(up):
    a_signal_is_the_same_everywhere(up)
    an_opportunity_is_the_same_everywhere(up)
    a_whale_is_the_same_everywhere(up)
    the_engine_is_started_again(up)


def an_opportunity_is_the_same_everywhere(up):
    instance = up.home.instance()
    life = whole_life(instance.url)
    opened, closed = life[0], life[-1]
    assert opened["execution_plan"]["legs"]
    assert opened["risk_assessment"]["grade"]
    assert (opened["simulated"], opened["close_reason"]) == (True, None)
    assert closed["revision"] > opened["revision"]
    path = f"/api/v1/arbitrage/opportunities?status=all&group={quote(opened['group'])}&limit=100"
    (served,) = [one for one in ask(instance.url, path)["opportunities"] if one["id"] == opened["id"]]
    same = ("id", "opened_at", "closed_at", "best_edge", "duration_s", "execution_plan")
    assert [served[name] for name in same] == [closed[name] for name in same]
    with psycopg.connect(instance.database_url) as connection:
        row = connection.execute(
            "SELECT closed_at IS NULL, best_edge, simulated FROM arbitrage_opportunities WHERE id = %s", [opened["id"]]
        ).fetchone()
    assert row == (False, closed["best_edge"], True)


def a_whale_is_the_same_everywhere(up):
    instance = up.home.instance()
    whale = ask(instance.url, "/api/v1/whales?limit=100")["whales"][-1]  # the newest may still be growing
    with psycopg.connect(instance.database_url) as connection:
        row = connection.execute(
            "SELECT wallet, slug, notional, simulated FROM whale_trades WHERE id = %s", [whale["id"]]
        ).fetchone()
        proposed = connection.execute("SELECT count(*) FROM signals WHERE signal_type = 'whale'").fetchone()
    assert row == (whale["wallet"], whale["slug"], whale["notional"], True)
    assert proposed > (0,)
    assert whale["slug"].startswith("simulated-")
    assert whale["outcome"] in ("Yes", "No")
    if whale["wallet"] is not None:
        assert whale["wallet"].startswith("sim:0x")
        assert ask(instance.url, f"/api/v1/wallets/{quote(whale['wallet'])}")["id"] == whale["wallet"]


def a_signal_is_the_same_everywhere(up):
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


def the_engine_is_started_again(up):
    instance = up.home.instance()
    before = first_signal(instance.url)
    killed = read_record(up.home.record("engine"))
    os.kill(killed.pid, signal.SIGKILL)
    again = first_signal(instance.url)
    assert again["id"] != before["id"]
    assert read_record(up.home.record("engine")).pid != killed.pid
