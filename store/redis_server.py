"""Redis or Valkey, 6.2 or later: how we connect, and what a lost connection is called."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

import redis
import redis.asyncio
from redis import exceptions
from redis.asyncio.retry import Retry as AsyncRetry
from redis.backoff import NoBackoff
from redis.retry import Retry

from domain.errors import ServiceError, SettingError

Client = redis.Redis

BLOCK_MS_MAX: Final = 10_000
_TIMEOUT_S: Final = 15
"""Longer than a read may block, so that only a dead server is taken for one."""

_PASSING: Final = (
    exceptions.ConnectionError,
    exceptions.TimeoutError,
    exceptions.OutOfMemoryError,
    exceptions.ReadOnlyError,
)
_PASSING_WORDS: Final = ("MISCONF", "OOM", "MASTERDOWN", "CLUSTERDOWN")
"""Errors without a class of their own; in a pipeline the command stands before the word. MISCONF: the server
cannot write its append-only file."""

# RESP2 on purpose: redis-py shapes the replies of streams otherwise under RESP3.
_OPTIONS: Final[dict[str, Any]] = {"protocol": 2, "socket_timeout": _TIMEOUT_S, "socket_connect_timeout": 5}


def connect(url: str) -> redis.Redis:
    """A client for the engine. It connects at its first command, and once more if that finds the line dead.

    Raises
    ------
    SettingError
        If `url` is not one.
    """
    with _checked():
        return redis.Redis.from_url(url, retry=Retry(NoBackoff(), 1), **_OPTIONS)


def connect_async(url: str, *, connections_max: int | None = None) -> redis.asyncio.Redis:
    """The same for the API; close it with `aclose()`. Beyond `connections_max` a command is a lost connection."""
    with _checked():
        retry = AsyncRetry(NoBackoff(), 1)
        return redis.asyncio.Redis.from_url(url, retry=retry, max_connections=connections_max, **_OPTIONS)


@contextmanager
def map_errors() -> Iterator[None]:
    """Names what Redis may do to us at any time; everything else is a bug and passes.

    Raises
    ------
    ServiceError
        If the connection is lost, or the server is loading, full or read-only: to try again may help.
    """
    try:
        yield
    except _PASSING as problem:
        raise ServiceError(f"Redis: {problem}") from problem
    except exceptions.ResponseError as problem:
        if any(word in str(problem) for word in _PASSING_WORDS):
            raise ServiceError(f"Redis: {problem}") from problem
        raise


@contextmanager
def _checked() -> Iterator[None]:
    try:
        yield
    except ValueError:  # what it says may quote a password
        raise SettingError(
            "the address of Redis is not one; write redis://:password@host:6379/0, rediss://… or unix://…, "
            "with signs of the password such as / and @ as %2F and %40"
        ) from None
