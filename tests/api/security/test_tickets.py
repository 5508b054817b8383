import asyncio

import msgspec
import pytest

from api.security.principal import AuthenticationFailure, Principal
from api.security.tickets import CONNECTIONS_MAX, TTL_S, TicketStore
from store import feed, tickets

ADA = Principal(name="key:1", scopes=frozenset({"read", "stream", "admin"}), expires_at_s=9e9, key_id="1")


async def _redeemed(url: str, times: int) -> list[Principal | AuthenticationFailure]:
    stores = TicketStore(url), TicketStore(url)
    try:
        ticket = await stores[0].issue(ADA)
        return await asyncio.gather(*(stores[number % 2].redeem(ticket) for number in range(times)))
    finally:
        for store in stores:
            await store.close()


def test_concurrent_redemptions_of_a_ticket_succeed_once(clean_redis_url: str) -> None:
    results = asyncio.run(_redeemed(clean_redis_url, 100))
    principals = [result for result in results if isinstance(result, Principal)]
    assert principals == [msgspec.structs.replace(ADA, scopes=frozenset({"stream"}))]
    assert {result.reason for result in results if isinstance(result, AuthenticationFailure)} == {"ticket"}


async def _guessed(url: str, times: int) -> tuple[set[str], int]:
    store = TicketStore(url)
    try:
        results = await asyncio.gather(*(store.redeem(f"guess{number}") for number in range(times)))
        with feed.connect(url) as redis:
            connected = len(redis.client_list())
        return {result.reason for result in results if isinstance(result, AuthenticationFailure)}, connected
    finally:
        await store.close()


def test_many_concurrent_guesses_use_a_bounded_number_of_connections(clean_redis_url: str) -> None:
    reasons, connected = asyncio.run(_guessed(clean_redis_url, 20 * CONNECTIONS_MAX))
    assert reasons == {"ticket", "tickets_away"}
    assert connected <= CONNECTIONS_MAX + 8  # including those of other tests


@pytest.mark.parametrize("scopes", [{"admin"}, {"execute", "read"}, set()])
def test_forged_ticket_in_redis_grants_streaming_only(clean_redis_url: str, scopes: set[str]) -> None:
    async def forged() -> Principal | AuthenticationFailure:
        store = TicketStore(clean_redis_url)
        try:
            content = msgspec.json.encode({"name": "key:1", "scopes": list(scopes)})
            await tickets.put(store._redis, "forged", content, TTL_S)
            return await store.redeem("forged")
        finally:
            await store.close()

    principal = asyncio.run(forged())
    assert isinstance(principal, Principal)
    assert principal.scopes == {"stream"}
