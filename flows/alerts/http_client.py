"""HTTP client: sends one POST request to a receiver, with protection against SSRF and a limit on its total duration.

The host name is resolved once, every address is checked against the allowed networks, and the connection is made to a
checked address, so that a DNS answer that changes in between (DNS rebinding) leads nowhere else. Redirects are not
followed, for the same reason.
"""

import re
import socket
import ssl
from collections.abc import Mapping, Sequence
from contextlib import suppress
from email.utils import parsedate_to_datetime
from http.client import HTTPConnection, HTTPException
from ipaddress import IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from threading import Event, Timer
from typing import NamedTuple
from urllib.parse import SplitResult, urlsplit

_RESPONSE_BYTES_MAX = 1024
"""How much of a response body is read; only the status matters."""
_DEFAULT_PORTS = {"https": 443, "http": 80}
_SECONDS = re.compile(r"\d{1,9}(\.\d{1,9})?", re.ASCII)
Network = IPv4Network | IPv6Network


class Response(NamedTuple):
    """The result of a request.

    Attributes
    ----------
    status
        HTTP status; 0 if there was no response.
    error
        What went wrong; empty on success.
    retry_after_s
        The value of `Retry-After`, if there was one.
    """

    status: int
    error: str = ""
    retry_after_s: float | None = None

    @property
    def is_success(self) -> bool:
        """Whether the status is 2xx."""
        return 200 <= self.status < 300


class _ForbiddenAddressError(Exception):
    """An address that requests may not be sent to."""


class HttpClient:
    """Sends requests to receivers.

    Certificates are verified against the trust store of the system, or against the file in `SSL_CERT_FILE`.

    Parameters
    ----------
    private_networks
        Networks that are allowed although they are not public.
    timeout_s
        Limit for connecting, and then for the request and its response together.
    """

    def __init__(self, private_networks: Sequence[str], timeout_s: float) -> None:
        self._allowed = [ip_network(network) for network in private_networks]
        self._timeout_s = timeout_s
        self._tls = ssl.create_default_context()

    def post(self, url: str, body: bytes, headers: Mapping[str, str]) -> Response:
        """Send `body`; every failure is returned as a response, none is raised."""
        timed_out = Event()
        try:
            parts = urlsplit(url)
            host, port = _host_and_port(parts)
            with self._connect(parts.scheme, host, port) as sock:
                # A socket timeout restarts with each byte, so a receiver that trickles would never exceed it.
                sock.settimeout(None)
                timer = Timer(self._timeout_s, _abort, (sock, timed_out))
                timer.start()
                try:
                    if isinstance(sock, ssl.SSLSocket):
                        sock.do_handshake()
                    return _exchange(sock, parts, body, headers)
                finally:
                    timer.cancel()
        except _ForbiddenAddressError as problem:
            return Response(0, str(problem))
        except (OSError, ValueError, HTTPException) as problem:
            reason = f"timed out after {self._timeout_s:g} s" if timed_out.is_set() else _reason(problem)
            return Response(0, f"no response: {reason}")

    def _connect(self, scheme: str, host: str, port: int) -> socket.socket:
        """Connect to the first address of the host that accepts, after all of its addresses were checked.

        Raises
        ------
        _ForbiddenAddressError
            If one of the addresses is not allowed.
        OSError
            If no address accepts.
        """
        resolved = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        addresses = list(dict.fromkeys(str(sockaddr[0]) for *_, sockaddr in resolved))
        private = [self._is_private(address) for address in addresses]
        if scheme == "http" and not all(private):
            raise _ForbiddenAddressError("a public address needs https")
        plain = _open_socket(addresses, port, self._timeout_s)
        if scheme == "http":
            return plain
        try:
            return self._tls.wrap_socket(plain, server_hostname=host, do_handshake_on_connect=False)
        except (OSError, ValueError):
            plain.close()
            raise

    def _is_private(self, text: str) -> bool:
        """Whether an address is in one of the allowed private networks; False for a public one.

        Raises
        ------
        _ForbiddenAddressError
            If it is neither.
        """
        address = ip_address(text.partition("%")[0])
        if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
            address = address.ipv4_mapped
        if any(address in network for network in self._allowed):
            return True
        if not address.is_global or address.is_multicast:
            raise _ForbiddenAddressError(
                f"{address} is not public; add its network to private_networks of [alerts] to allow it"
            )
        return False


def _host_and_port(parts: SplitResult) -> tuple[str, int]:
    host, port = parts.hostname or "", parts.port or _DEFAULT_PORTS.get(parts.scheme, 0)
    if parts.scheme not in _DEFAULT_PORTS or not host:
        raise _ForbiddenAddressError("the URL is not of the form https://host/path")
    return host, port


def _open_socket(addresses: Sequence[str], port: int, timeout_s: float) -> socket.socket:
    *others, last = addresses
    for address in others:
        with suppress(OSError):
            return socket.create_connection((address, port), timeout_s / len(addresses))
    return socket.create_connection((last, port), timeout_s / len(addresses))


def _exchange(sock: socket.socket, parts: SplitResult, body: bytes, headers: Mapping[str, str]) -> Response:
    connection = HTTPConnection(*_host_and_port(parts))
    connection.default_port = _DEFAULT_PORTS[parts.scheme]  # which is left out of the Host header
    connection.sock = sock
    target = f"{parts.path or '/'}{f'?{parts.query}' if parts.query else ''}"
    common = {"Content-Type": "application/json", "User-Agent": "signalengine"}
    connection.request("POST", target, body, {**common, **headers})
    with connection.getresponse() as response:
        response.read(_RESPONSE_BYTES_MAX)
        error = "" if 200 <= response.status < 300 else f"status {response.status}"
        retry_after_s = _retry_after_s(response.getheader("Retry-After"), response.getheader("Date"))
        return Response(response.status, error, retry_after_s)


def _abort(sock: socket.socket, timed_out: Event) -> None:
    """Shut the socket down, which wakes up the thread that is blocked on it."""
    timed_out.set()
    with suppress(OSError):
        # Not SSLSocket.shutdown, after which a blocked read would continue without TLS.
        socket.socket.shutdown(sock, socket.SHUT_RDWR)


def _retry_after_s(retry_after: str | None, date: str | None) -> float | None:
    """`Retry-After` in seconds; a date is compared with the receiver's own `Date`, since its clock may differ."""
    if retry_after is None:
        return None
    if _SECONDS.fullmatch(retry_after):
        return float(retry_after)
    try:
        return max((parsedate_to_datetime(retry_after) - parsedate_to_datetime(date or "")).total_seconds(), 0.0)
    except (ValueError, TypeError):
        return None


def _reason(problem: Exception) -> str:
    """The error without the URL, which may be a secret."""
    return getattr(problem, "strerror", None) or type(problem).__name__
