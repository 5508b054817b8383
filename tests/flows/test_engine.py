"""The engine process: killed and restarted at any moment, it writes the same as an uninterrupted run."""

import os
import random
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from contextlib import contextmanager
from pathlib import Path
from urllib.request import urlopen

import psycopg
import pytest
import redis

from domain.clock import SECOND
from domain.errors import ServiceError
from domain.instruments import SHARDS
from flows.engine import await_services
from store import feed, log
from tests.flows.live_log import END, NAMES, TRADES, entries, prediction_trades

EAGER = {"FLOOR": "1000", "HEADLINE": "5000", "LATENESS_S": "5", "COOLDOWN_MIN": "1"}
TABLES = {
    "bars": "instrument, timeframe, open_time",
    "events": "id",
    "signals": "id",
    "outcomes": "signal_id",
    "instruments": "name",
    "gaps": "instrument, detected_at",
    "rejects": "source, position",
    "composite_signals": "id",
    "trade_executions": "id",
    "account_equity": "account, day",
    "signal_performance": "account, signal_type",
    "confidence_buckets": "account, bucket_min",
    "alerts": "id",
    "trade_days": "symbol, kind, name, day",
    "outcome_days": "symbol, timeframe, status, day",
    "forecast_days": "signal_type, status, step, day",
    "whale_trades": "id",
    "wallets": "id",
    "arbitrage_opportunities": "id",
}
TIMEOUT_S = 60.0
ROOT = Path(__file__).parents[2]


class Engine:
    """The engine as a process, with given services and directory."""

    def __init__(self, database_url, redis_url, directory):
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port = free.getsockname()[1]
        self.environ = {
            **os.environ,
            "DATABASE_URL": database_url,
            "REDIS_URL": redis_url,
            "SIGNALENGINE_ENGINE_PORT": str(self.port),
            "SIGNALENGINE_ENGINE_RECOVERY_DIRECTORY": str(directory),
            "SIGNALENGINE_ENGINE_EPOCH_MS": "50",
            **{f"SIGNALENGINE_WHALES_{name}": value for name, value in EAGER.items()},
        }

    @contextmanager
    def running(self):
        process = subprocess.Popen([sys.executable, "-m", "flows", "engine"], env=self.environ, stderr=subprocess.PIPE)
        try:
            yield process
        finally:
            if process.poll() is None:
                process.kill()
            process.communicate()

    def ask(self, path):
        with urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=5) as answer:
            return answer.read().decode()

    def has_reached_the_end(self):
        """Whether every shard of both branches has passed the end of the recording."""
        try:
            metrics = self.ask("/metrics")
        except OSError:
            return False
        times = re.findall(r"^watermark_seconds\{.*\} (\S+)$", metrics, re.MULTILINE)
        return len(times) == 2 * SHARDS and min(map(float, times)) * SECOND >= END


def rows_of(database_url):
    with psycopg.connect(database_url) as connection:
        rows = {
            table: connection.execute(f"SELECT * FROM {table} ORDER BY {order}").fetchall()
            for table, order in TABLES.items()
        }
    return rows | {"trade_days": [without_mixed_path(row) for row in rows["trade_days"]]}


def without_mixed_path(row):
    """A row of `trade_days`, without peak, low and drawdown if it holds trades of both branches.

    The branches write independently, and these three depend on the order in which their trades were written.
    """
    symbol, kind = row[:2]
    is_mixed = symbol == "" and kind != "signal_type"
    return (*row[:12], None, None, None, *row[15:]) if is_mixed else row


def count_bars(database_url):
    with psycopg.connect(database_url) as connection:
        return connection.execute("SELECT count(*) FROM bars").fetchone()[0]


def until(condition, process=None):
    deadline = time.monotonic() + TIMEOUT_S
    while not condition():
        assert process is None or process.poll() is None, process.stderr.read().decode()
        assert time.monotonic() < deadline, "nothing happened for a minute"
        time.sleep(0.05)  # a poll, with a deadline


def announced(redis_url):
    client = redis.Redis.from_url(redis_url)
    return [fields for _, fields in client.xrange(feed.key("signals"))]


@pytest.fixture
def unbroken(database_url, clean_redis_url, tmp_path):
    """The rows written by one uninterrupted run; restores the database and the log afterwards."""
    client = log_client(clean_redis_url)
    for branch, shard, block in entries():
        log.append(client, shard, [block], branch)
    engine = Engine(database_url, clean_redis_url, tmp_path / "unbroken")
    with engine.running() as process:
        until(engine.has_reached_the_end, process)
        process.send_signal(signal.SIGTERM)
        assert process.wait(TIMEOUT_S) == 0, "SIGTERM is a clean end"
    rows, published = rows_of(database_url), announced(clean_redis_url)
    with psycopg.connect(database_url) as connection:
        connection.execute(f"TRUNCATE {', '.join(TABLES)}, outbox RESTART IDENTITY")
    client.flushall()
    return rows, published


def log_client(url):
    return redis.Redis.from_url(url)


def instruments_with_bars_from(database_url, at_ns):
    with psycopg.connect(database_url) as connection:
        return connection.execute(
            "SELECT count(DISTINCT instrument) FROM bars WHERE timeframe = '1m' AND instrument LIKE 'test:%%' "
            "AND close_time >= to_timestamp(%s)",
            [at_ns / SECOND],
        ).fetchone()[0]


def test_kill_9_at_any_moment_changes_nothing(unbroken, database_url, clean_redis_url, tmp_path):
    expected, published = unbroken
    assert len(expected["signals"]) > 10
    assert len(expected["outcomes"]) > 5
    assert min(len(expected[table]) for table in ("whale_trades", "wallets", "arbitrage_opportunities")) > 5
    assert {row[-1] for row in expected["account_equity"]} == {"instruments", "prediction"}
    rng = random.Random(5)

    def feed_slowly():
        client = log_client(clean_redis_url)
        for branch, shard, block in entries():
            log.append(client, shard, [block], branch)
            time.sleep(0.001)  # so that the log grows while the engine dies

    feeder = threading.Thread(target=feed_slowly)
    feeder.start()
    engine = Engine(database_url, clean_redis_url, tmp_path / "broken")
    kills = 0
    for _ in range(5):
        before = count_bars(database_url)
        with engine.running() as process:
            until(lambda before=before: count_bars(database_url) > before or not feeder.is_alive(), process)
            time.sleep(rng.uniform(0.0, 0.4))  # any moment
            process.kill()
            kills += 1
    feeder.join()
    with engine.running() as process:
        until(lambda: '"ready":true' in ask_or_empty(engine), process)
        until(engine.has_reached_the_end, process)
        process.send_signal(signal.SIGTERM)
        assert process.wait(TIMEOUT_S) == 0
    assert kills == 5
    got = rows_of(database_url)
    for table in TABLES:
        assert got[table] == expected[table], table
    payloads = [fields[b"d"] for fields in published]
    assert sorted(fields[b"d"] for fields in announced(clean_redis_url)) == sorted(payloads)
    assert len(payloads) == sum(row_is_emitted(row) for row in expected["signals"])


def row_is_emitted(row):
    return "emitted" in row


def test_health_and_metrics_are_served_while_it_runs(database_url, clean_redis_url, tmp_path):
    client = log_client(clean_redis_url)
    engine = Engine(database_url, clean_redis_url, tmp_path / "recovery")
    for branch, shard, block in entries():
        log.append(client, shard, [block], branch)
    with engine.running() as process:
        until(lambda: client.get("metrics:engine") is not None, process)
        until(engine.has_reached_the_end, process)
        assert '"ready":true' in engine.ask("/readyz")
        assert "poll_age_s" in engine.ask("/livez")
        metrics = engine.ask("/metrics")
        assert f"trades_total {float(TRADES + prediction_trades())}" in metrics
        assert 'whales_total{kind="whale",status="emitted"}' in metrics
        assert re.search(r'opportunities_total\{change="opened",kind="\w+"\} [1-9]', metrics)
        assert 'bars_closed_total{timeframe="1m"}' in metrics
        process.send_signal(signal.SIGTERM)
        assert process.wait(TIMEOUT_S) == 0


def test_missing_addresses_are_reported_with_instructions(tmp_path):
    environ = {name: value for name, value in os.environ.items() if name not in ("DATABASE_URL", "REDIS_URL")}
    environ["SIGNALENGINE_SERVICES_DIRECTORY"] = str(tmp_path)
    ended = subprocess.run(
        [sys.executable, "-m", "flows", "engine"], env=environ, capture_output=True, text=True, check=False
    )
    assert ended.returncode == 1
    assert ended.stderr.startswith("signalengine: no Postgres: DATABASE_URL is not set")
    assert "'signalengine up'" in ended.stderr
    assert ended.stderr.count("\n") == 1


def test_unavailable_services_are_named(database_url, clean_redis_url):
    await_services(database_url, clean_redis_url, timeout_s=0.0)
    nobody = "postgresql://user:secret@127.0.0.1:1/x"
    with pytest.raises(ServiceError, match=r"^Postgres at 127.0.0.1:1/x does not answer .*DATABASE_URL"):
        await_services(nobody, clean_redis_url, timeout_s=0.0)
    with pytest.raises(ServiceError, match=r"^Redis: .*127.0.0.1:1.*REDIS_URL"):
        await_services(database_url, "redis://127.0.0.1:1", timeout_s=0.0)


def test_a_recovery_directory_of_another_recipe_is_refused(database_url, clean_redis_url, tmp_path):
    engine = Engine(database_url, clean_redis_url, tmp_path / "recovery")
    with engine.running() as process:
        until((tmp_path / "recovery" / "manifest.json").exists, process)
        until(lambda: '"ready":true' in ask_or_empty(engine), process)
    engine.environ["SIGNALENGINE_ENGINE_TIMEFRAMES"] = "1m,5m,30m"
    with engine.running() as process:
        assert process.wait(TIMEOUT_S) == 2
        errors = process.stderr.read().decode()
    assert "was created with different frames (frames: without 15m, 1h; now with 30m)" in errors
    assert errors.count("\n") == 1


def ask_or_empty(engine):
    try:
        return engine.ask("/readyz")
    except OSError:
        return ""


def test_the_recipe_runs_under_bytewax_itself(database_url, clean_redis_url, tmp_path):
    client = log_client(clean_redis_url)
    for branch, shard, block in entries():
        log.append(client, shard, [block], branch)
    environ = {**os.environ, "DATABASE_URL": database_url, "REDIS_URL": clean_redis_url}
    command = [sys.executable, "-m", "bytewax.run", "flows.signals:flow"]
    process = subprocess.Popen(command, env=environ, cwd=ROOT, stderr=subprocess.PIPE)
    try:
        until(lambda: instruments_with_bars_from(database_url, END) == len(NAMES), process)
    finally:
        process.kill()
        process.communicate()
