"""Status: short texts that processes publish about themselves in Redis, such as metrics and health.

A text expires after seconds, so that a process that no longer writes has no status instead of a stale one.
"""

from typing import Any

import redis
import redis.asyncio

from store.redis_server import map_errors


def set_text(client: redis.Redis, key: str, value: str, ttl_s: float) -> None:
    """Set `key` to `value`; it expires after `ttl_s` seconds.

    Raises
    ------
    ServiceError
        If Redis cannot be reached.
    """
    with map_errors():
        client.set(key, value, px=round(ttl_s * 1000))


def get_text(client: redis.Redis, key: str) -> str | None:
    """The value of `key`; None if it was never set or has expired.

    Raises
    ------
    ServiceError
        If Redis cannot be reached.
    """
    with map_errors():
        return _text(client.get(key))


async def get_text_async(client: redis.asyncio.Redis, key: str) -> str | None:
    """`get_text` on an event loop."""
    with map_errors():
        return _text(await client.get(key))


def _text(value: Any) -> str | None:
    return None if value is None else str(value.decode())
