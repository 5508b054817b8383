"""A database without tables, the engine's clients, and the API's side of them on an event loop."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from itertools import count
from typing import Any, TypeVar
from urllib.parse import urlsplit, urlunsplit

import psycopg
import pytest
import redis

from store import redis_server
from store.postgres import async_pool, connect

T = TypeVar("T")
_numbers = count(1)


class Asker:
    """Runs `work(source, …)` on one event loop, where `source` is what the API would hand it."""

    def __init__(self, runner: asyncio.Runner, source: Any) -> None:
        self.runner, self.source = runner, source

    def __call__(self, work: Callable[..., Awaitable[T]], *args: Any, **options: Any) -> T:
        async def ask() -> T:
            return await work(self.source, *args, **options)

        return self.runner.run(ask())


@pytest.fixture
def empty_database_url(postgres_url: str) -> Iterator[str]:
    """The address of a fresh database with nothing in it."""
    name = f"empty_{next(_numbers)}"
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
    yield urlunsplit(urlsplit(postgres_url)._replace(path=f"/{name}"))
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def connection(database_url: str) -> Iterator[psycopg.Connection]:
    """The engine's connection to a migrated database."""
    with connect(database_url) as opened:
        yield opened


@pytest.fixture
def client(clean_redis_url: str) -> Iterator[redis.Redis]:
    """The engine's client of an empty Valkey."""
    with redis_server.connect(clean_redis_url) as opened:
        yield opened


@pytest.fixture
def ask(database_url: str) -> Iterator[Asker]:
    """Calls the reading half of the store with the API's pool."""
    with asyncio.Runner() as runner:
        pool = async_pool(database_url)
        runner.run(pool.open(wait=True))
        yield Asker(runner, pool)
        runner.run(pool.close())


@pytest.fixture
def ask_redis(clean_redis_url: str) -> Iterator[Asker]:
    """Calls the reading half of the feed with the API's client."""
    with asyncio.Runner() as runner:
        client = redis_server.connect_async(clean_redis_url)
        yield Asker(runner, client)
        runner.run(client.aclose())
