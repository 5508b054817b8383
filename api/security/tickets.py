"""Tickets: short-lived, single-use credentials for browsers, which cannot set headers on a WebSocket.

A page requests a ticket over REST with its key and passes it in the URL within 30 seconds. A ticket is consumed by its
first use, so it is harmless in logs. The connection that it opens ends when the key or token behind the ticket does.
"""

from secrets import token_urlsafe
from typing import Final

import msgspec

from api.errors import UNAVAILABLE
from api.security.principal import AuthenticationFailure, Principal
from domain.errors import ServiceError
from store import tickets
from store.redis_server import connect_async

TTL_S: Final = 30
CONNECTIONS_MAX: Final = 64
"""Connections to Redis, and so concurrent look-ups; a ticket beyond that gets 503 and can be retried."""
_TICKET_BYTES: Final = 32

_encoder = msgspec.json.Encoder()
_decoder = msgspec.json.Decoder(Principal)


class TicketStore:
    """Tickets in Redis, shared by all worker processes.

    Parameters
    ----------
    redis_url
        Address of Redis.
    """

    def __init__(self, redis_url: str) -> None:
        self._redis = connect_async(redis_url, connections_max=CONNECTIONS_MAX)

    async def issue(self, holder: Principal) -> str:
        """Create a ticket with which `holder` can open one stream.

        Raises
        ------
        ServiceError
            If Redis cannot be reached.
        """
        ticket = token_urlsafe(_TICKET_BYTES)
        await tickets.put(self._redis, ticket, _encoder.encode(holder), TTL_S)
        return ticket

    async def redeem(self, ticket: str) -> Principal | AuthenticationFailure:
        """Consume a ticket and return its holder, with the scope `stream` alone."""
        try:
            holder = await tickets.consume(self._redis, ticket)
        except ServiceError:
            return AuthenticationFailure(
                "tickets_away", "tickets cannot be verified right now; retry shortly", UNAVAILABLE
            )
        if holder is None:
            return AuthenticationFailure(
                "ticket", f"this ticket is unknown, was already used, or is older than {TTL_S} s; request a new one"
            )
        # Whatever is stored in Redis, and by whom: a ticket grants streaming and nothing else.
        return msgspec.structs.replace(_decoder.decode(holder), scopes=frozenset({"stream"}))

    async def close(self) -> None:
        """Close the connections to Redis."""
        await self._redis.aclose()
