"""Admission: whether a caller may have a stream, decided once, before anything is kept for it."""

from typing import NamedTuple

from starlette.datastructures import Headers

from api.errors import MISDIRECTED, NOT_FOUND, UNAVAILABLE, ProblemError
from api.feed.filters import Filter, FilterParameters
from api.resources import Resources
from api.rest import params
from api.rest.middleware import host_of, is_allowed_host
from api.security.credentials import without_ticket
from api.security.gate import Visitor
from api.security.origin import is_ours, stranger
from api.security.permit import permit
from api.security.principal import Principal
from api.settings import is_loopback
from store.feed import CHANNELS

DEFAULT_CHANNELS: dict[str, tuple[str, ...]] = {
    "/ws/feed": CHANNELS,
    "/api/v1/ws/signals": ("signals",),
    "/api/v1/ws/arbitrage": ("arbitrage",),
}
"""WebSockets, and what each streams by itself."""


class RequestHead(NamedTuple):
    """What a caller says of itself and of what it wants; and who it is, if somebody has looked."""

    path: str
    query: bytes
    headers: Headers
    address: str | None
    method: str = "GET"
    visitor: Visitor | None = None


class Admission(NamedTuple):
    """What an admitted caller is given."""

    principal: Principal
    address: str | None
    channels: tuple[str, ...]
    filter: Filter


async def admit(head: RequestHead, resources: Resources, channels: tuple[str, ...] | None = None) -> Admission:
    """Let a caller in.

    Parameters
    ----------
    head
        Of its request.
    resources
        With the limits, and those who are here.
    channels
        What it gets; None: what the WebSocket at its path gives.

    Raises
    ------
    ProblemError
        `MISDIRECTED`, `UNAUTHENTICATED`, `RATE_LIMITED`, `FORBIDDEN`, `NOT_FOUND`, `INVALID_PARAMETER` or
        `UNAVAILABLE`.
    """
    settings, hub = resources.settings, resources.hub
    if not is_allowed_host(host_of(head.headers), settings.allowed_hosts):
        raise ProblemError(
            MISDIRECTED, "this name is not one of ours; add it to allowed_hosts of [api] if it should be"
        )
    gate, peer = resources.gate, head.address or ""
    visitor = head.visitor or await gate.admit(head.headers, head.query, peer, websocket=True)
    principal = permit(visitor, "stream", gate)
    channels = channels or DEFAULT_CHANNELS.get(head.path)
    if channels is None:
        raise ProblemError(NOT_FOUND, f"no WebSocket is at {head.path}; /asyncapi.json lists what there is")
    if not is_ours(head.headers, settings):
        raise stranger(head.headers)
    filter_ = params.parse(FilterParameters, without_ticket(head.query)).filter()
    if len(hub.clients) >= settings.clients_max:
        raise ProblemError(UNAVAILABLE, "all places for clients are taken; try again later")
    address = visitor.address or None
    crowded = hub.addresses[address] >= settings.clients_per_address_max
    if crowded and address is not None and not is_loopback(address):
        raise ProblemError(UNAVAILABLE, "too many clients at your address; close some, or try again later")
    return Admission(principal, address, channels, filter_)
