"""Redis or Valkey, 6.2 or later: clients, and the mapping of their errors."""

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
"""Longer than a read may block, so that a blocked read is not taken for a dead server."""

_TRANSIENT: Final = (
    exceptions.ConnectionError,
    exceptions.TimeoutError,
    exceptions.OutOfMemoryError,
    exceptions.ReadOnlyError,
)
_TRANSIENT_CODES: Final = ("MISCONF", "OOM", "MASTERDOWN", "CLUSTERDOWN")
"""Codes of errors that have no class; in a pipeline the command precedes the code. MISCONF: the server cannot write its
append-only file."""

# RESP2, because redis-py returns replies of streams in another form under RESP3.
_OPTIONS: Final[dict[str, Any]] = {"protocol": 2, "socket_timeout": _TIMEOUT_S, "socket_connect_timeout": 5}


def connect(url: str) -> redis.Redis:
    """A client for the engine. It connects at its first command, and retries once if the connection is dead.

    Raises
    ------
    SettingError
        If `url` is not a valid address.
    """
    with _map_invalid_url():
        return redis.Redis.from_url(url, retry=Retry(NoBackoff(), 1), **_OPTIONS)


def connect_async(url: str, *, connections_max: int | None = None) -> redis.asyncio.Redis:
    """An asynchronous client for the API; close it with `aclose()`. Beyond `connections_max` a command fails."""
    with _map_invalid_url():
        retry = AsyncRetry(NoBackoff(), 1)
        return redis.asyncio.Redis.from_url(url, retry=retry, max_connections=connections_max, **_OPTIONS)


@contextmanager
def map_errors() -> Iterator[None]:
    """Map errors of redis-py to errors of the domain; those that indicate a bug are not mapped.

    Raises
    ------
    ServiceError
        If the connection is lost, or the server is loading, full or read-only: a retry may succeed.
    """
    try:
        yield
    except _TRANSIENT as problem:
        raise ServiceError(f"Redis: {problem}") from problem
    except exceptions.ResponseError as problem:
        if any(code in str(problem) for code in _TRANSIENT_CODES):
            raise ServiceError(f"Redis: {problem}") from problem
        raise


@contextmanager
def _map_invalid_url() -> Iterator[None]:
    try:
        yield
    except ValueError:  # its message may quote a password
        raise SettingError(
            "the address of Redis is invalid; write redis://:password@host:6379/0, rediss://… or unix://…, "
            "with special characters of the password escaped, such as / as %2F and @ as %40"
        ) from None
