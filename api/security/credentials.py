"""Credentials: where a request may carry an API key, a token or a ticket.

    Authorization: Bearer <key or token>                              programs
    X-API-Key: <key>                                                  programs that cannot set Authorization
    Sec-WebSocket-Protocol: signalengine.v1, bearer.<key or token>    web pages, for a WebSocket
    ?ticket=<ticket>                                                  web pages, for a WebSocket or an EventSource

Keys and tokens in a URL are ignored, because URLs end up in logs and histories. Tickets are accepted there, because
each is valid once.
"""

import re
from typing import Literal, NamedTuple
from urllib.parse import parse_qsl

from starlette.datastructures import Headers

from api.errors import INVALID_PARAMETER
from api.security.principal import NO_CREDENTIALS, AuthenticationFailure

SUBPROTOCOL = "signalengine.v1"
"""The WebSocket subprotocol that the server selects if offered. A client that sends `bearer.…` has to offer it too:
browsers close a WebSocket if they offered subprotocols and the server selected none."""
TICKET = "ticket"
_SUBPROTOCOL_PREFIX = "bearer."
_LENGTH_MAX = 8192
_CHARACTERS = re.compile(r"[A-Za-z0-9._~+/=-]+")


class Credential(NamedTuple):
    """A credential found in a request, not verified yet."""

    kind: Literal["bearer", "ticket"]
    value: str


def extract(headers: Headers, query: bytes = b"", *, websocket: bool = False) -> Credential | AuthenticationFailure:
    """The credential of a request; a failure if there is none, more than one, or a malformed one.

    Parameters
    ----------
    query
        Query string, which may hold a ticket.
    websocket
        Whether to search the offered subprotocols too.

    Examples
    --------
    >>> extract(Headers({"authorization": "Bearer abc"}))
    Credential(kind='bearer', value='abc')
    """
    found = [Credential("bearer", value) for value in headers.getlist("x-api-key")]
    for header in headers.getlist("authorization"):
        scheme, _, value = header.partition(" ")
        if scheme.lower() != "bearer":
            return AuthenticationFailure("malformed", "unsupported Authorization scheme; use 'Bearer <key or token>'")
        found.append(Credential("bearer", value.strip()))
    if websocket:
        found += [
            Credential("bearer", protocol.removeprefix(_SUBPROTOCOL_PREFIX))
            for protocol in _offered_subprotocols(headers)
            if protocol.startswith(_SUBPROTOCOL_PREFIX)
        ]
    found += [Credential("ticket", value) for value in _tickets(query)]
    if not found:
        return NO_CREDENTIALS
    if len(found) > 1:
        return AuthenticationFailure(
            "ambiguous", "the request has more than one key, token or ticket; send exactly one", INVALID_PARAMETER
        )
    (credential,) = found
    if len(credential.value) > _LENGTH_MAX or not _CHARACTERS.fullmatch(credential.value):
        return AuthenticationFailure("malformed", "malformed credential; expected an API key, a token or a ticket")
    return credential


def subprotocol_of(headers: Headers) -> str | None:
    """The subprotocol that the server selects; None if the client did not offer it."""
    return SUBPROTOCOL if SUBPROTOCOL in _offered_subprotocols(headers) else None


def without_ticket(query: bytes) -> bytes:
    """The query string without its ticket, as handlers see it.

    Examples
    --------
    >>> without_ticket(b"symbol=BTCUSDT&ticket=abc&x")
    b'symbol=BTCUSDT&x'
    """
    if TICKET.encode() not in query:
        return query
    return b"&".join(part for part in query.split(b"&") if part.partition(b"=")[0] != TICKET.encode())


def _offered_subprotocols(headers: Headers) -> list[str]:
    return [protocol.strip() for protocol in ",".join(headers.getlist("sec-websocket-protocol")).split(",")]


def _tickets(query: bytes) -> list[str]:
    if TICKET.encode() not in query:
        return []
    pairs = parse_qsl(query.decode("latin-1"), keep_blank_values=True)
    return [value for name, value in pairs if name == TICKET]
