"""Status: short texts by which processes tell of themselves, such as metrics and health.

A text lives for seconds. Who no longer writes has no status, and nobody reads a stale one.
"""

from typing import Any

import redis
import redis.asyncio

from store.redis_server import map_errors


def set_text(client: redis.Redis, key: str, value: str, ttl_s: float) -> None:
    """Put down `value`; it is gone after `ttl_s` seconds.

    Raises
    ------
    ServiceError
        If Redis cannot be reached.
    """
    with map_errors():
        client.set(key, value, px=round(ttl_s * 1000))


def get_text(client: redis.Redis, key: str) -> str | None:
    """What was put down under `key`; None if nothing, or too long ago.

    Raises
    ------
    ServiceError
        If Redis cannot be reached.
    """
    with map_errors():
        return _text(client.get(key))


async def get_text_async(client: redis.asyncio.Redis, key: str) -> str | None:
    """`get_text` for the API."""
    with map_errors():
        return _text(await client.get(key))


def _text(value: Any) -> str | None:
    return None if value is None else str(value.decode())
