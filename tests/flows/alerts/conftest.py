"""A receiver, Postgres and Valkey."""

from collections.abc import Iterator

import psycopg
import pytest
import redis

from store.postgres import connect
from store.redis_server import connect as connect_redis
from tests.flows.alerts.receiver import Receiver, receiver


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
