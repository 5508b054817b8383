import asyncio

import redis

from store import tickets
from store.redis_server import connect_async


async def consumed(url: str) -> list[bytes | None]:
    client = connect_async(url)
    try:
        await tickets.put(client, "abc", b"holder", 30)
        return [await tickets.consume(client, ticket) for ticket in ("abd", "abc", "abc")]
    finally:
        await client.aclose()


def test_ticket_is_valid_once(clean_redis_url: str) -> None:
    assert asyncio.run(consumed(clean_redis_url)) == [None, b"holder", None]


async def put(url: str) -> None:
    client = connect_async(url)
    await tickets.put(client, "abc", b"holder", 30)
    await client.aclose()


def test_redis_stores_only_a_hash_that_expires(clean_redis_url: str) -> None:
    asyncio.run(put(clean_redis_url))
    with redis.Redis.from_url(clean_redis_url) as client:
        (key,) = client.keys()
        assert b"abc" not in key
        assert 29_000 < client.pttl(key) <= 30_000
