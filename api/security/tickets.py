"""Tickets: how a page opens a WebSocket, for which a browser lets it set no header.

It asks for one over REST, with its key, and shows it in the address within half a minute. The ticket is then used
up, so it may stand in logs. What it lets in ends when the key or token ends that it was made with.
"""

from secrets import token_urlsafe
from typing import Final

import msgspec

from api.errors import UNAVAILABLE
from api.security.principal import Principal, Refusal
from domain.errors import ServiceError
from store import tickets
from store.redis_server import connect_async

TTL_S: Final = 30
CONNECTIONS_MAX: Final = 64
"""Connections to Redis: so many tickets are looked up at a time, and who shows one more is told to come back."""
_BYTES: Final = 32

_encoder = msgspec.json.Encoder()
_decoder = msgspec.json.Decoder(Principal)


class Tickets:
    """Tickets that any worker made and any worker takes.

    Parameters
    ----------
    redis_url
        Where they are kept.
    """

    def __init__(self, redis_url: str) -> None:
        self._redis = connect_async(redis_url, connections_max=CONNECTIONS_MAX)

    async def issue(self, holder: Principal) -> str:
        """A ticket that lets `holder` listen, once.

        Raises
        ------
        ServiceError
            If Redis cannot be reached.
        """
        ticket = token_urlsafe(_BYTES)
        await tickets.put(self._redis, ticket, _encoder.encode(holder), TTL_S)
        return ticket

    async def redeem(self, ticket: str) -> Principal | Refusal:
        """Who the ticket was made for; it is used up."""
        try:
            holder = await tickets.consume(self._redis, ticket)
        except ServiceError:
            return Refusal("tickets_away", "tickets cannot be looked up now; try again shortly", UNAVAILABLE)
        if holder is None:
            return Refusal("ticket", f"this ticket is not known, was used, or is older than {TTL_S} s; get a new one")
        # Whatever is written there, and by whom: it is for listening alone.
        return msgspec.structs.replace(_decoder.decode(holder), scopes=frozenset({"stream"}))

    async def close(self) -> None:
        """Let go of the connection."""
        await self._redis.aclose()
