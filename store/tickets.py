"""Tickets in Redis: good for one use and some seconds. Only their hash is there, so who reads Redis has none."""

from hashlib import sha256
from typing import Any

import redis.asyncio

from store.redis_server import map_errors


async def put(client: redis.asyncio.Redis, ticket: str, holder: bytes, ttl_s: float) -> None:
    """Keep a ticket and who it was given to, for `ttl_s` seconds.

    Raises
    ------
    ServiceError
        If Redis cannot be reached.
    """
    with map_errors():
        await client.set(_key(ticket), holder, px=round(ttl_s * 1000))


async def consume(client: redis.asyncio.Redis, ticket: str) -> bytes | None:
    """Who the ticket was given to; it is used up. None if it is unknown, was used, or came too late.

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
