"""Tickets in Redis: valid for one use and some seconds. Only hashes are stored, so Redis reveals no ticket."""

from hashlib import sha256
from typing import Any

import redis.asyncio

from store.redis_server import map_errors


async def put(client: redis.asyncio.Redis, ticket: str, holder: bytes, ttl_s: float) -> None:
    """Store a ticket and its holder for `ttl_s` seconds.

    Raises
    ------
    ServiceError
        If Redis cannot be reached.
    """
    with map_errors():
        await client.set(_key(ticket), holder, px=round(ttl_s * 1000))


async def consume(client: redis.asyncio.Redis, ticket: str) -> bytes | None:
    """Delete a ticket and return its holder; None if it is unknown, was used before, or has expired.

    Raises
    ------
    ServiceError
        If Redis cannot be reached.
    """
    with map_errors():
        holder: Any = await client.getdel(_key(ticket))
    return None if holder is None else bytes(holder)


def _key(ticket: str) -> str:
    return f"ticket:{sha256(ticket.encode()).hexdigest()}"
