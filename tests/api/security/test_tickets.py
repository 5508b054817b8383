import asyncio

import msgspec
import pytest

from api.security.principal import AuthenticationFailure, Principal
from api.security.tickets import CONNECTIONS_MAX, TTL_S, TicketStore
from store import feed, tickets

ADA = Principal(name="key:1", scopes=frozenset({"read", "stream", "admin"}), expires_at_s=9e9, key_id="1")


async def _redeemed(url: str, times: int) -> list[Principal | AuthenticationFailure]:
    both = TicketStore(url), TicketStore(url)
    try:
        ticket = await both[0].issue(ADA)
        return await asyncio.gather(*(both[place % 2].redeem(ticket) for place in range(times)))
    finally:
        for one in both:
            await one.close()


def test_one_of_many_who_show_it_at_the_same_moment_is_let_in(clean_redis_url: str) -> None:
    told = asyncio.run(_redeemed(clean_redis_url, 100))
    believed = [one for one in told if isinstance(one, Principal)]
    assert believed == [msgspec.structs.replace(ADA, scopes=frozenset({"stream"}))]
    assert {one.reason for one in told if isinstance(one, AuthenticationFailure)} == {"ticket"}


async def _guessed(url: str, times: int) -> tuple[set[str], int]:
    guessed = TicketStore(url)
    try:
        told = await asyncio.gather(*(guessed.redeem(f"guess{place}") for place in range(times)))
        with feed.connect(url) as redis:
            connected = len(redis.client_list())
        return {one.reason for one in told if isinstance(one, AuthenticationFailure)}, connected
    finally:
        await guessed.close()


def test_who_guesses_many_at_a_time_does_not_take_all_connections(clean_redis_url: str) -> None:
    reasons, connected = asyncio.run(_guessed(clean_redis_url, 20 * CONNECTIONS_MAX))
    assert reasons == {"ticket", "tickets_away"}
    assert connected <= CONNECTIONS_MAX + 8  # with those of others


@pytest.mark.parametrize("scopes", [{"admin"}, {"execute", "read"}, set()])
def test_who_can_write_where_they_are_kept_can_only_listen(clean_redis_url: str, scopes: set[str]) -> None:
    async def forged() -> Principal | AuthenticationFailure:
        kept = TicketStore(clean_redis_url)
        try:
            content = msgspec.json.encode({"name": "key:1", "scopes": list(scopes)})
            await tickets.put(kept._redis, "forged", content, TTL_S)
            return await kept.redeem("forged")
        finally:
            await kept.close()

    found = asyncio.run(forged())
    assert isinstance(found, Principal)
    assert found.scopes == {"stream"}
