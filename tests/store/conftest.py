"""Fixtures: an empty database, blocking clients, and asynchronous clients on an event loop."""

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


class AsyncCaller:
    """Calls asynchronous functions with the pool or client of the API as first argument, on one event loop."""

    def __init__(self, runner: asyncio.Runner, client: Any) -> None:
        self._runner, self._client = runner, client

    def __call__(self, function: Callable[..., Awaitable[T]], *args: Any, **options: Any) -> T:
        async def call() -> T:
            return await function(self._client, *args, **options)

        return self._runner.run(call())


@pytest.fixture
def empty_database_url(postgres_url: str) -> Iterator[str]:
    """The address of a new database without tables."""
    name = f"empty_{next(_numbers)}"
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
    yield urlunsplit(urlsplit(postgres_url)._replace(path=f"/{name}"))
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def connection(database_url: str) -> Iterator[psycopg.Connection]:
    """A blocking connection to a migrated database."""
    with connect(database_url) as opened:
        yield opened


@pytest.fixture
def client(clean_redis_url: str) -> Iterator[redis.Redis]:
    """A blocking client of an empty Valkey."""
    with redis_server.connect(clean_redis_url) as opened:
        yield opened


@pytest.fixture
def call(database_url: str) -> Iterator[AsyncCaller]:
    """Calls asynchronous functions of the store with the pool of the API."""
    with asyncio.Runner() as runner:
        pool = async_pool(database_url)
        runner.run(pool.open(wait=True))
        yield AsyncCaller(runner, pool)
        runner.run(pool.close())


@pytest.fixture
def call_redis(clean_redis_url: str) -> Iterator[AsyncCaller]:
    """Calls asynchronous functions of the feed with the client of the API."""
    with asyncio.Runner() as runner:
        client = redis_server.connect_async(clean_redis_url)
        yield AsyncCaller(runner, client)
        runner.run(client.aclose())
