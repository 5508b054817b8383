import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import numpy as np
import pytest
import redis

from domain.blocks import KIND_TRADE, TRADE, Rows, read_block, unbundled
from domain.branches import INSTRUMENTS, PREDICTION, Branch
from domain.clock import parse_iso
from domain.instruments import SHARDS
from domain.quotes import QUOTE
from domain.rows import concatenated
from flows.__main__ import main
from flows.sources.sim import Simulator
from flows.sources.sim_prediction import PredictionSimulator
from flows.sources.sim_prediction_settings import SimPredictionSettings
from flows.sources.sim_settings import SimSettings
from flows.sources.simulated import BlockSimulator
from store import log
from store.redis_server import connect

SETTINGS = SimSettings(
    symbols=("BTCUSDT", "ETHUSDT"), trades_per_second=0.3, start="2024-01-01T00:00:00Z", end="2024-01-02T16:00:00Z"
)


@pytest.fixture
def client(clean_redis_url: str) -> Iterator[redis.Redis]:
    with connect(clean_redis_url) as client:
        yield client


@pytest.fixture
def collect(clean_redis_url: str) -> Iterator[Callable[..., subprocess.Popen[bytes]]]:
    """Starts collectors of the simulated market, and kills them after the test."""
    started: list[subprocess.Popen[bytes]] = []

    def start(**settings: str) -> subprocess.Popen[bytes]:
        given = {
            "symbols": ",".join(SETTINGS.symbols),
            "trades_per_second": str(SETTINGS.trades_per_second),
            "start": SETTINGS.start,
            "end": SETTINGS.end,
            **settings,
        }
        environ = {f"SIGNALENGINE_SIM_{name.upper()}": value for name, value in given.items()}
        markets = {"singles": "1", "events": "1", "open_events": "0", "ladders": "0"}
        environ |= {f"SIGNALENGINE_SIMULATED_MARKETS_{name.upper()}": value for name, value in markets.items()}
        process = subprocess.Popen(
            [sys.executable, "-m", "flows", "collect", "sim"],
            env={**os.environ, **environ, "REDIS_URL": clean_redis_url},
        )
        started.append(process)
        return process

    yield start
    for process in started:
        process.kill()
        process.wait()


def until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.001)


def test_kill_9_changes_no_data(client: redis.Redis, collect: Callable[..., subprocess.Popen[bytes]]) -> None:
    for enough in (20, 110, 200):
        process = collect()
        until(lambda enough=enough: log.longest(client) >= enough)  # type: ignore[misc]
        process.kill()
        assert process.wait() == -signal.SIGKILL
        assert log.longest(client) < 240
    assert collect().wait(60) == 0
    start_ns, end_ns = parse_iso(SETTINGS.start), parse_iso(SETTINGS.end)
    markets = SimPredictionSettings(singles=1, events=1, open_events=0, ladders=0)
    simulators: dict[Branch, BlockSimulator] = {
        INSTRUMENTS: Simulator(SETTINGS),
        PREDICTION: PredictionSimulator(markets),
    }
    for branch, simulator in simulators.items():
        for shard in range(SHARDS):
            entries = log.read(client, shard, log.START, 10_000, branch)
            data = contents(block for _, entry in entries for block in unbundled(entry))
            assert data == contents(simulator.blocks(shard, start_ns, end_ns))
            assert read_block(unbundled(entries[-1][1])[-1])[1]["ts"][-1] == end_ns


def contents(blocks: Iterable[bytes]) -> dict[str, bytes]:
    """All trades and all book updates."""
    found: dict[str, list[Rows]] = {"trades": [np.empty(0, TRADE)], "quotes": [np.empty(0, QUOTE)]}
    for kind, rows in map(read_block, blocks):
        if kind in found:
            found[kind].append(rows[rows["kind"] == KIND_TRADE] if kind == "trades" else rows)
    return {kind: concatenated(parts).tobytes() for kind, parts in found.items()}


def test_sigterm_stops_it_with_status_0(client: redis.Redis, collect: Callable[..., subprocess.Popen[bytes]]) -> None:
    process = collect(end="", start="", history_s="600", lead_s="0")
    until(lambda: log.longest(client) >= 5)
    process.terminate()
    assert process.wait(10) == 0


def test_missing_redis_is_an_error_with_a_hint(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    monkeypatch.delenv("REDIS_URL", raising=False)
    monkeypatch.setenv("SIGNALENGINE_SERVICES_DIRECTORY", str(tmp_path))
    assert main(["collect", "sim"]) == 1
    assert capsys.readouterr().err.startswith("signalengine: no Redis or Valkey: REDIS_URL is not set")


def test_invalid_venue_and_setting_are_errors(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["collect", "nyse"]) == 2
    assert "invalid choice: 'nyse'" in capsys.readouterr().err
    monkeypatch.setenv("SIGNALENGINE_SIM_SPEED", "0")
    assert main(["collect", "sim"]) == 2
    assert capsys.readouterr().err == "signalengine: speed 0.0 must lie between 1 and 1e+06\n"
