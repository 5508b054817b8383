"""A receiver, Postgres and Valkey."""

from collections.abc import Iterator
from functools import partial

import psycopg
import pytest
import redis

from flows.alerts import breaker
from store.postgres import connect
from store.redis_server import connect as connect_redis
from tests.flows.alerts.receiver import Receiver, receiver
from tests.flows.alerts.telling import Telling, running


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
def telling(database_url: str, clean_redis_url: str) -> Telling:
    """Runs the service while it is entered."""
    return partial(running, database_url, clean_redis_url)


@pytest.fixture
def in_a_hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    """Waits are short then; what they are made of is tested with the breaker."""
    monkeypatch.setattr(breaker, "WAIT_S_FIRST", 0.02)
    monkeypatch.setattr(breaker, "PAUSE_S_FIRST", 0.2)
