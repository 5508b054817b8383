"""Post: one request to a hook, to an address that was looked at first, and an end to it whatever the other side does.

A hook's name is resolved once, each address is held against what is allowed, and the connection is made to that very
address: a name that changes its mind in between leads nowhere else. No redirect is followed, for the same reason.
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

_ANSWER_BYTES = 1024
"""How much of an answer is read; nothing in it matters but its status."""
_PORTS = {"https": 443, "http": 80}
_SECONDS = re.compile(r"\d{1,9}(\.\d{1,9})?", re.ASCII)
Network = IPv4Network | IPv6Network


class Answer(NamedTuple):
    """What came of an attempt.

    Attributes
    ----------
    status
        Of HTTP; 0 if there was none.
    detail
        What went wrong; empty if nothing did.
    retry_after_s
        When the receiver wants to be asked again, if it said so.
    """

    status: int
    detail: str = ""
    retry_after_s: float | None = None

    @property
    def taken(self) -> bool:
        """Whether it was delivered."""
        return 200 <= self.status < 300


class _ForbiddenError(Exception):
    """An address that hooks may not lead to."""


class Post:
    """How hooks are reached.

    Certificates are held against those that the machine trusts; `SSL_CERT_FILE` names others.

    Parameters
    ----------
    private_networks
        Networks that are allowed though they are not public.
    timeout_s
        For the connection, and then for request and answer together.
    """

    def __init__(self, private_networks: Sequence[str], timeout_s: float) -> None:
        self._allowed = [ip_network(network) for network in private_networks]
        self._timeout_s = timeout_s
        self._tls = ssl.create_default_context()

    def send(self, url: str, body: bytes, headers: Mapping[str, str]) -> Answer:
        """Send `body`; whatever goes wrong is an answer."""
        late = Event()
        try:
            parts = urlsplit(url)
            host, port = _place(parts)
            with self._reach(parts.scheme, host, port) as sock:
                # A timeout of sockets begins anew with each byte, so who sends one now and then would never be late.
                sock.settimeout(None)
                timer = Timer(self._timeout_s, _end, (sock, late))
                timer.start()
                try:
                    if isinstance(sock, ssl.SSLSocket):
                        sock.do_handshake()
                    return _exchange(sock, parts, body, headers)
                finally:
                    timer.cancel()
        except _ForbiddenError as problem:
            return Answer(0, str(problem))
        except (OSError, ValueError, HTTPException) as problem:
            reason = f"not within {self._timeout_s:g} s" if late.is_set() else _reason(problem)
            return Answer(0, f"no answer: {reason}")

    def _reach(self, scheme: str, host: str, port: int) -> socket.socket:
        """A connection to the first of the host's addresses that answers; none is called before all were looked at.

        Raises
        ------
        _ForbiddenError
            If one of them is not allowed.
        OSError
            If none answers.
        """
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        addresses = list(dict.fromkeys(str(place[0]) for *_, place in found))
        private = [self._is_private(address) for address in addresses]
        if scheme == "http" and not all(private):
            raise _ForbiddenError("the address is public and not https")
        plain = _connect(addresses, port, self._timeout_s)
        if scheme == "http":
            return plain
        try:
            return self._tls.wrap_socket(plain, server_hostname=host, do_handshake_on_connect=False)
        except (OSError, ValueError):
            plain.close()
            raise

    def _is_private(self, text: str) -> bool:
        """Whether an address is one of the networks that were allowed; a public one is not.

        Raises
        ------
        _ForbiddenError
            If it is neither.
        """
        address = ip_address(text.partition("%")[0])
        if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
            address = address.ipv4_mapped
        if any(address in network for network in self._allowed):
            return True
        if not address.is_global or address.is_multicast:
            raise _ForbiddenError(f"{address} is not public; private_networks of [alerts] would have to name it")
        return False


def _place(parts: SplitResult) -> tuple[str, int]:
    host, port = parts.hostname or "", parts.port or _PORTS.get(parts.scheme, 0)
    if parts.scheme not in _PORTS or not host:
        raise _ForbiddenError("the address is not https://…")
    return host, port


def _connect(addresses: Sequence[str], port: int, timeout_s: float) -> socket.socket:
    *others, last = addresses
    for address in others:
        with suppress(OSError):
            return socket.create_connection((address, port), timeout_s / len(addresses))
    return socket.create_connection((last, port), timeout_s / len(addresses))


def _exchange(sock: socket.socket, parts: SplitResult, body: bytes, headers: Mapping[str, str]) -> Answer:
    connection = HTTPConnection(*_place(parts))
    connection.default_port = _PORTS[parts.scheme]  # which goes without saying in the header Host
    connection.sock = sock
    target = f"{parts.path or '/'}{f'?{parts.query}' if parts.query else ''}"
    ours = {"Content-Type": "application/json", "User-Agent": "signalengine"}
    connection.request("POST", target, body, {**ours, **headers})
    with connection.getresponse() as answer:
        answer.read(_ANSWER_BYTES)
        detail = "" if 200 <= answer.status < 300 else f"status {answer.status}"
        return Answer(answer.status, detail, _seconds(answer.getheader("Retry-After"), answer.getheader("Date")))


def _end(sock: socket.socket, late: Event) -> None:
    """Wake up whoever waits for the socket."""
    late.set()
    with suppress(OSError):
        # Not that of SSLSocket, after which whoever is reading would go on without TLS.
        socket.socket.shutdown(sock, socket.SHUT_RDWR)


def _seconds(retry_after: str | None, date: str | None) -> float | None:
    """How long a receiver wants to be left alone. An instant is held against its own clock, which need not be ours."""
    if retry_after is None:
        return None
    if _SECONDS.fullmatch(retry_after):
        return float(retry_after)
    try:
        return max((parsedate_to_datetime(retry_after) - parsedate_to_datetime(date or "")).total_seconds(), 0.0)
    except (ValueError, TypeError):
        return None


def _reason(problem: Exception) -> str:
    """Without the address, which may be a secret."""
    return getattr(problem, "strerror", None) or type(problem).__name__
