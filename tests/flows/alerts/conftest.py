"""Fixtures: a webhook receiver, Postgres, Valkey, and the running service."""

from collections.abc import Iterator
from functools import partial

import psycopg
import pytest
import redis

from flows.alerts import circuit_breaker
from store.postgres import connect
from store.redis_server import connect as connect_redis
from tests.flows.alerts.receiver import Receiver, receiver
from tests.flows.alerts.running_service import RunService, running


@pytest.fixture
def inbox() -> Iterator[Receiver]:
    with receiver() as server:
        yield server


@pytest.fixture
def connection(database_url: str) -> Iterator[psycopg.Connection]:
    with connect(database_url) as connection:
        yield connection


@pytest.fixture
def client(clean_redis_url: str) -> Iterator[redis.Redis]:
    with connect_redis(clean_redis_url) as client:
        yield client


@pytest.fixture
def run_service(database_url: str, clean_redis_url: str) -> RunService:
    """Returns a context manager that runs the service."""
    return partial(running, database_url, clean_redis_url)


@pytest.fixture
def short_delays(monkeypatch: pytest.MonkeyPatch) -> None:
    """Shortens backoff and pauses; how they grow is tested with the circuit breaker."""
    monkeypatch.setattr(circuit_breaker, "BACKOFF_S_MIN", 0.02)
    monkeypatch.setattr(circuit_breaker, "PAUSE_S_MIN", 0.2)
