"""Listener: the socket that waits for callers, and what each connection inherits from it."""

import socket

from domain.errors import SetupError

UNSENT_BYTES = 16_384
"""How much the kernel takes for a client that does not read. By default it takes megabytes, which are
stale when they are read, and of which we learn nothing."""
UNACKNOWLEDGED_MS = 30_000
"""How long a peer may stay silent to what was sent before its connection is gone."""
BACKLOG = 2048


def listen(host: str, port: int) -> socket.socket:
    """A listening socket.

    Parameters
    ----------
    host
        A loopback name or address.
    port
        0 takes any free one.

    Raises
    ------
    SetupError
        If the address is taken or not ours.
    """
    family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    listener = socket.socket(family, kind, protocol)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    for option, value in _inherited().items():
        listener.setsockopt(socket.IPPROTO_TCP, option, value)
    try:
        listener.bind(address)
        listener.listen(BACKLOG)
    except OSError as problem:
        listener.close()
        raise SetupError(
            f"cannot listen on {host}:{port} ({problem.strerror}); stop what does, or set SIGNALENGINE_API_PORT"
        ) from None
    return listener


def url_of(listener: socket.socket) -> str:
    """The address to call."""
    host, port = listener.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def _inherited() -> dict[int, int]:
    """Options of TCP, as far as this system knows them."""
    wanted = {"TCP_NODELAY": 1, "TCP_NOTSENT_LOWAT": UNSENT_BYTES, "TCP_USER_TIMEOUT": UNACKNOWLEDGED_MS}
    return {getattr(socket, name): value for name, value in wanted.items() if hasattr(socket, name)}
