"""Admission: whether a caller may have a stream, decided once, before anything is kept for it."""

from datetime import datetime
from typing import NamedTuple

from starlette.datastructures import Headers

from api import params
from api.edge import is_known_host
from api.errors import MISDIRECTED, NOT_FOUND, UNAVAILABLE, ProblemError
from api.filters import Filter, FilterParameters
from api.origin import is_ours, stranger
from api.resources import Resources
from api.settings import is_loopback
from store.feed import CHANNELS

GATEWAYS: dict[str, tuple[str, ...]] = {
    "/ws/feed": CHANNELS,
    "/api/v1/ws/signals": ("signals",),
    "/api/v1/ws/arbitrage": ("arbitrage",),
}
"""WebSockets, and what each streams by itself."""


class Head(NamedTuple):
    """What a caller says of itself and of what it wants."""

    path: str
    query: bytes
    headers: Headers
    address: str | None
    method: str = "GET"


class Principal(NamedTuple):
    """Who a caller is, and until when that holds; None: as long as it stays."""

    name: str
    expires_at: datetime | None = None


class Admission(NamedTuple):
    """What an admitted caller is given."""

    principal: Principal
    channels: tuple[str, ...]
    wanted: Filter


ANYBODY = Principal("anybody")


async def admit(head: Head, resources: Resources, channels: tuple[str, ...] | None = None) -> Admission:
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
        `MISDIRECTED`, `FORBIDDEN`, `NOT_FOUND`, `INVALID_PARAMETER` or `UNAVAILABLE`.
    """
    settings, hub = resources.settings, resources.hub
    if not is_known_host(head.headers.get("host", ""), settings.allowed_hosts):
        raise ProblemError(
            MISDIRECTED, "this name is not one of ours; add it to allowed_hosts of [api] if it should be"
        )
    channels = channels or GATEWAYS.get(head.path)
    if channels is None:
        raise ProblemError(NOT_FOUND, f"no WebSocket is at {head.path}; /asyncapi.json lists what there is")
    if not is_ours(head.headers, settings):
        raise stranger(head.headers)
    wanted = params.parse(FilterParameters, head.query).filter()
    if len(hub.clients) >= settings.clients_max:
        raise ProblemError(UNAVAILABLE, "all places for clients are taken; try again later")
    crowded = hub.addresses[head.address] >= settings.clients_per_address_max
    if crowded and head.address is not None and not is_loopback(head.address):
        raise ProblemError(UNAVAILABLE, "too many clients at your address; close some, or try again later")
    return Admission(ANYBODY, channels, wanted)
