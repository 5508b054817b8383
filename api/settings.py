"""Settings of the API: where it listens, whom it answers, and every limit of the gateway."""

from ipaddress import ip_address
from typing import Annotated

import msgspec
from msgspec import Meta

from api.security.settings import SecuritySettings
from domain.errors import SettingError

Count = Annotated[int, Meta(ge=1)]
Seconds = Annotated[float, Meta(gt=0)]


class ApiSettings(msgspec.Struct, frozen=True, kw_only=True):
    """The section `api`.

    Addresses of Postgres and Redis are not here; they come from `DATABASE_URL` and `REDIS_URL`.
    """

    host: str = "127.0.0.1"
    """Address to listen on. Others than loopback need `authentication` of [security]."""

    port: Annotated[int, Meta(ge=0, le=65535)] = 8000
    """Port to listen on; 0 takes any free one and logs it."""

    processes: Annotated[int, Meta(ge=1, le=64)] = 1
    """Processes that serve this port, with equal numbers of clients; each has its own ring and connections to Postgres,
    the limits below are those of each, and whichever is asked for metrics tells of all. With two or more, SIGHUP starts
    new ones before the old ones leave."""

    allowed_hosts: tuple[str, ...] = ()
    """Host names, without port, that requests may carry besides localhost and loopback addresses; the
    name under which a proxy on this machine publishes the API belongs here. Others are refused, or any
    web page could reach the API by giving its own name our address."""

    allowed_origins: tuple[str, ...] = ()
    """Origins of other sites whose pages may open a WebSocket, such as https://desk.example."""

    database_connections_max: Annotated[int, Meta(ge=1, le=100)] = 8
    """Connections to Postgres that this process may hold."""

    hot_rows: Annotated[int, Meta(ge=0, le=100_000)] = 2_000
    """Newest signals, newest composites and open opportunities, so many of each, that are kept in memory, at about
    5 kB each; 0 asks Postgres for every list."""

    analytics_fresh_s: Annotated[float, Meta(ge=0)] = 2
    """Analytics that were read so lately are not read again; the header `Age` tells. 0 reads them at each request."""

    ring_messages: Count = 10_000
    """Messages kept for slow and returning clients, of all channels together."""

    ring_bytes: Count = 64 * 1024 * 1024
    """The same in bytes of JSON, whichever is reached first. The default is what 10,000 signals with 200
    features each take, about. Each form in which clients are written to (WebSocket plain and compressed, events) is
    kept beside it once it was asked for, so all may take four times that."""

    clients_max: Count = 10_000
    """WebSocket clients at a time; the next is told to come back later."""

    clients_per_address_max: Count = 100
    """The same of one address; loopback addresses, behind which may be a proxy, have no such limit."""

    message_bytes_max: Count = 4096
    """Largest message a client may send; a larger one closes its connection with 1009."""

    messages_per_s: Annotated[float, Meta(gt=0)] = 10
    """Messages a client may send per second, with bursts of twice as many; more close it with 4429."""

    keepalive_s: Seconds = 10
    """A client that was sent nothing for so long is sent a keepalive."""

    ping_s: Seconds = 20
    """A client that was not heard of for so long is sent a ping, and closed with 4408 if it stays silent for
    twice as long again."""

    head_s: Seconds = 10
    """A caller that takes longer to say what it wants is cut off."""

    status_s: Seconds = 15
    """How often clients are sent a status."""

    stuck_s: Seconds = 30
    """A client that takes nothing off its connection for so long is closed with 4408, and cut off after as
    long again. The default outlasts a phone's change of network."""


def check(settings: ApiSettings, security: SecuritySettings) -> ApiSettings:
    """`settings`, if they are safe to serve with.

    Raises
    ------
    SettingError
        If others than this machine could reach it, and nobody is asked who they are.

    Examples
    --------
    >>> check(ApiSettings(host="0.0.0.0"), SecuritySettings())
    Traceback (most recent call last):
        ...
    domain.errors.SettingError: setting host='0.0.0.0' of [api] is not a loopback address, and nobody is asked who they
    are; set SIGNALENGINE_SECURITY_AUTHENTICATION=required and make a key with 'signalengine keys create'
    """
    if not is_loopback(settings.host) and not security.required:
        raise SettingError(
            f"setting host={settings.host!r} of [api] is not a loopback address, and nobody is asked who they are; "
            f"set SIGNALENGINE_SECURITY_AUTHENTICATION=required and make a key with 'signalengine keys create'"
        )
    return settings


def is_loopback(host: str) -> bool:
    """Whether `host` names this machine and can be reached from it alone.

    Examples
    --------
    >>> [is_loopback(host) for host in ("localhost", "127.0.0.1", "::1", "10.0.0.1", "localhost.example")]
    [True, True, True, False, False]
    """
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
