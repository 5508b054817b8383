"""Listener: the listening socket, and the TCP options that each accepted connection inherits from it."""

import socket
from typing import Any

from domain.errors import SetupError

UNSENT_BYTES = 16_384
"""How much unsent data the kernel buffers for a client that does not read. Its default is megabytes, which are
out of date when they are read, and which the process cannot see."""
UNACKNOWLEDGED_MS = 30_000
"""How long sent data may stay unacknowledged before the kernel drops the connection."""
BACKLOG = 2048


def listen(host: str, port: int) -> socket.socket:
    """A listening socket.

    Parameters
    ----------
    host
        Name or address to listen on.
    port
        0 takes any free one.

    Raises
    ------
    SetupError
        If the host cannot be resolved, or the address is in use or not one of this machine.
    """
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    except (socket.gaierror, UnicodeError) as problem:
        raise SetupError(
            f"cannot resolve the host {host!r} ({problem}); set SIGNALENGINE_API_HOST to an address of this machine"
        ) from None
    try:
        return _bind(socket.socket(family, kind, protocol), address)
    except OSError as problem:
        raise SetupError(
            f"cannot listen on {host}:{port} ({problem.strerror}); "
            "stop the process that listens there, or set SIGNALENGINE_API_HOST or SIGNALENGINE_API_PORT"
        ) from None


def url_of(listener: socket.socket) -> str:
    """The URL of the server that listens there."""
    host, port = listener.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def _bind(listener: socket.socket, address: Any) -> socket.socket:
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        for option, value in _tcp_options().items():
            listener.setsockopt(socket.IPPROTO_TCP, option, value)
        listener.bind(address)
        listener.listen(BACKLOG)
    except OSError:
        listener.close()
        raise
    return listener


def _tcp_options() -> dict[int, int]:
    """The options that this operating system supports."""
    options = {"TCP_NODELAY": 1, "TCP_NOTSENT_LOWAT": UNSENT_BYTES, "TCP_USER_TIMEOUT": UNACKNOWLEDGED_MS}
    return {getattr(socket, name): value for name, value in options.items() if hasattr(socket, name)}
