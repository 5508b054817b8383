"""Settings of the API: its address, the hosts and origins that it accepts, and every limit."""

from ipaddress import ip_address
from typing import Annotated

import msgspec
from msgspec import Meta

from api.security.settings import SecuritySettings
from domain.errors import SettingError

Count = Annotated[int, Meta(ge=1)]
Seconds = Annotated[float, Meta(gt=0)]


class ApiSettings(msgspec.Struct, frozen=True, kw_only=True):
    """Settings of the section `api`.

    The addresses of Postgres and Redis come from `DATABASE_URL` and `REDIS_URL` instead.
    """

    host: str = "127.0.0.1"
    """Address to listen on. Any but a loopback address requires `authentication` of [security]."""

    port: Annotated[int, Meta(ge=0, le=65535)] = 8000
    """Port to listen on; 0 chooses a free one and logs it."""

    processes: Annotated[int, Meta(ge=1, le=64)] = 1
    """Worker processes that serve this port, with equal numbers of clients. Each has its own ring and connections to
    Postgres, the limits below apply to each, and each exposes the metrics of all. With two or more, SIGHUP starts new
    ones before the old ones stop."""

    allowed_hosts: tuple[str, ...] = ()
    """Host names, without port, that the Host header may contain besides localhost and loopback addresses, such as
    the name under which a proxy on this machine publishes the API. Others are refused: otherwise any web page could
    reach the API by pointing its own host name at this address (DNS rebinding)."""

    allowed_origins: tuple[str, ...] = ()
    """Other origins whose pages may open a WebSocket, such as https://desk.example."""

    database_connections_max: Annotated[int, Meta(ge=1, le=100)] = 8
    """Maximum number of connections to Postgres per process."""

    hot_rows: Annotated[int, Meta(ge=0, le=100_000)] = 2_000
    """How many of the newest signals, of the newest composites and of the open opportunities are held in memory, at
    about 5 kB each; 0 reads every list from Postgres."""

    analytics_fresh_s: Annotated[float, Meta(ge=0)] = 2
    """How long analytics are served from the cache, seconds; the header `Age` has their age. 0 reads them at each
    request."""

    ring_messages: Count = 10_000
    """Messages of all channels together that are held for slow and reconnecting clients."""

    ring_bytes: Count = 64 * 1024 * 1024
    """The same limit in bytes of JSON; the one reached first applies. The default is about the size of 10,000 signals
    with 200 features each. Each encoding that clients use (WebSocket plain and compressed, server-sent events) is
    held in addition, so the total may be four times as much."""

    clients_max: Count = 10_000
    """Maximum number of WebSocket clients and event streams; further ones are refused with 503."""

    clients_per_address_max: Count = 100
    """The same per client address; loopback addresses, which may be those of a proxy, have no such limit."""

    message_bytes_max: Count = 4096
    """Largest message a client may send over a WebSocket, and largest body of a request; a larger message closes the
    connection with 1009, a larger body is answered with 413."""

    messages_per_s: Annotated[float, Meta(gt=0)] = 10
    """Messages a client may send per second, with bursts of twice as many; more close its connection with 4429."""

    keepalive_s: Seconds = 10
    """A client that was sent nothing for this long is sent a keepalive."""

    ping_s: Seconds = 20
    """A client that sent nothing for this long is sent a ping; its connection is closed with 4408 if it then sends
    nothing for twice as long."""

    head_s: Seconds = 10
    """How long a new connection may take for its first request, and any request from its first byte to its last; after
    that it is answered with 408 and the connection closed."""

    status_s: Seconds = 15
    """Interval between the `status` messages to each client."""

    stuck_s: Seconds = 30
    """A client that reads nothing from its connection for this long is closed with 4408, and disconnected after the
    same time again. The default is longer than a phone's change of network."""


def check(settings: ApiSettings, security: SecuritySettings) -> ApiSettings:
    """Return `settings` if it is safe to serve with them.

    Raises
    ------
    SettingError
        If other machines could reach the API without authentication.

    Examples
    --------
    >>> check(ApiSettings(host="0.0.0.0"), SecuritySettings())
    Traceback (most recent call last):
        ...
    domain.errors.SettingError: setting host='0.0.0.0' of [api] is not a loopback address, which requires
    authentication; set SIGNALENGINE_SECURITY_AUTHENTICATION=required and create a key with 'signalengine keys create'
    """
    if not is_loopback(settings.host) and not security.required:
        raise SettingError(
            f"setting host={settings.host!r} of [api] is not a loopback address, which requires authentication; "
            f"set SIGNALENGINE_SECURITY_AUTHENTICATION=required and create a key with 'signalengine keys create'"
        )
    return settings


def is_loopback(host: str) -> bool:
    """Whether `host` can be reached from this machine only.

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
