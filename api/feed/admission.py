"""Admission: decides once whether a caller may have a stream, before any state is stored for it."""

from typing import NamedTuple

from starlette.datastructures import Headers

from api.errors import MISDIRECTED, NOT_FOUND, UNAVAILABLE, ProblemError
from api.feed.filters import Filter, FilterParameters
from api.resources import Resources
from api.rest import params
from api.rest.middleware import HOST_NOT_ALLOWED, host_of, is_allowed_host
from api.security.access import Caller
from api.security.authorization import require_scope
from api.security.credentials import without_ticket
from api.security.origin import is_allowed_origin, origin_forbidden
from api.security.principal import Principal
from api.settings import is_loopback
from store.feed import CHANNELS

DEFAULT_CHANNELS: dict[str, tuple[str, ...]] = {
    "/ws/feed": CHANNELS,
    "/api/v1/ws/signals": ("signals",),
    "/api/v1/ws/arbitrage": ("arbitrage",),
}
"""WebSocket endpoints, and the channels that each streams by default."""


class RequestHead(NamedTuple):
    """The head of a request, and the authenticated caller if the middleware has checked it already."""

    path: str
    query: bytes
    headers: Headers
    address: str | None
    method: str = "GET"
    caller: Caller | None = None


class Admission(NamedTuple):
    """What an admitted caller is granted."""

    principal: Principal
    address: str | None
    channels: tuple[str, ...]
    filter: Filter


async def admit(head: RequestHead, resources: Resources, channels: tuple[str, ...] | None = None) -> Admission:
    """Authenticate, authorize and admit a caller.

    Parameters
    ----------
    head
        The head of its request.
    resources
        The limits, and the connected clients.
    channels
        The channels to stream; None: the default channels of the WebSocket at its path.

    Raises
    ------
    ProblemError
        `MISDIRECTED`, `UNAUTHENTICATED`, `RATE_LIMITED`, `FORBIDDEN`, `NOT_FOUND`, `INVALID_PARAMETER` or
        `UNAVAILABLE`.
    """
    settings, hub = resources.settings, resources.hub
    if not is_allowed_host(host_of(head.headers), settings.allowed_hosts):
        raise ProblemError(MISDIRECTED, HOST_NOT_ALLOWED)
    access, peer = resources.access, head.address or ""
    caller = head.caller or await access.check_request(head.headers, head.query, peer, websocket=True)
    principal = require_scope(caller, "stream", access)
    channels = channels or DEFAULT_CHANNELS.get(head.path)
    if channels is None:
        raise ProblemError(NOT_FOUND, f"there is no WebSocket at {head.path}; /asyncapi.json lists all")
    if not is_allowed_origin(head.headers, settings):
        raise origin_forbidden(head.headers)
    filter_ = params.parse(FilterParameters, without_ticket(head.query)).filter()
    if not hub.epoch:
        raise ProblemError(UNAVAILABLE, "the server has not reached Redis since it started; try again in a few seconds")
    if len(hub.clients) >= settings.clients_max:
        raise ProblemError(
            UNAVAILABLE, "the limit of connected clients is reached (clients_max of [api]); try again later"
        )
    address = caller.address or None
    is_at_limit = hub.addresses[address] >= settings.clients_per_address_max
    if is_at_limit and address is not None and not is_loopback(address):
        raise ProblemError(UNAVAILABLE, "too many connections from your address; close some, or try again later")
    return Admission(principal, address, channels, filter_)
