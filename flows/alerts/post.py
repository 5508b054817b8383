"""Post: one request to a hook, to an address that was looked at first.

A hook's name is resolved once, each address is held against what is allowed, and the connection is made to that very
address: a name that changes its mind in between leads nowhere else. No redirect is followed, for the same reason.
"""

import socket
import ssl
from collections.abc import Sequence
from http.client import HTTPConnection, HTTPException
from ipaddress import IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import NamedTuple
from urllib.parse import SplitResult, urlsplit

_ANSWER_BYTES = 1024
"""How much of an answer is read; nothing in it matters but its status."""
_PORTS = {"https": 443, "http": 80}
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

    Parameters
    ----------
    private_networks
        Networks that are allowed though they are not public.
    timeout_s
        For the connection, and for each part of the answer.
    """

    def __init__(self, private_networks: Sequence[str], timeout_s: float) -> None:
        self._allowed = [ip_network(network) for network in private_networks]
        self._timeout_s = timeout_s
        self._tls = ssl.create_default_context()

    def send(self, url: str, body: bytes, headers: dict[str, str]) -> Answer:
        """Send `body`; whatever goes wrong is an answer."""
        try:
            parts = urlsplit(url)
            connection = self._connect(parts)
        except _ForbiddenError as problem:
            return Answer(0, str(problem))
        except (OSError, ValueError) as problem:
            return Answer(0, f"cannot connect: {_reason(problem)}")
        try:
            target = f"{parts.path or '/'}{f'?{parts.query}' if parts.query else ''}"
            connection.request("POST", target, body, {"Content-Type": "application/json", **headers})
            answer = connection.getresponse()
            answer.read(_ANSWER_BYTES)
            detail = "" if 200 <= answer.status < 300 else f"status {answer.status}"
            return Answer(answer.status, detail, _seconds(answer.getheader("Retry-After")))
        except (OSError, HTTPException) as problem:
            return Answer(0, f"no answer: {_reason(problem)}")
        finally:
            connection.close()

    def _connect(self, parts: SplitResult) -> HTTPConnection:
        host, port = parts.hostname or "", parts.port or _PORTS.get(parts.scheme, 0)
        if parts.scheme not in _PORTS or not host:
            raise _ForbiddenError("the address is not https://…")
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        *_, (address, *_) = found[0]
        private = self._is_private(str(address))
        if parts.scheme == "http" and not private:
            raise _ForbiddenError("the address is public and not https")
        raw = socket.create_connection((str(address), port), self._timeout_s)
        connection = HTTPConnection(host, port, timeout=self._timeout_s)
        try:
            connection.sock = self._tls.wrap_socket(raw, server_hostname=host) if parts.scheme == "https" else raw
        except OSError:
            raw.close()
            raise
        return connection

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


def _seconds(retry_after: str | None) -> float | None:
    """Only in seconds; a date would have to be held against a clock that is not ours."""
    return float(retry_after) if retry_after and retry_after.isdecimal() and len(retry_after) < 6 else None


def _reason(problem: Exception) -> str:
    """Without the address, which may be a secret."""
    return getattr(problem, "strerror", None) or type(problem).__name__
