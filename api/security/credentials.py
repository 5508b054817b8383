"""Credentials: where in a request somebody may say who they are.

    Authorization: Bearer <key or token>                          programs
    X-API-Key: <key>                                              programs that cannot set the former
    Sec-WebSocket-Protocol: signalengine.v1, bearer.<key or token>    pages, with a WebSocket
    ?ticket=<ticket>                                              pages, with a WebSocket or an EventSource

A key or a token in an address is not looked at: addresses end up in logs and histories. A ticket may, since it is
worth nothing after its one use.
"""

import re
from typing import Literal, NamedTuple
from urllib.parse import parse_qsl

from starlette.datastructures import Headers

from api.errors import INVALID_PARAMETER
from api.security.principal import NOBODY, Refusal

SUBPROTOCOL = "signalengine.v1"
"""What we answer to a client that offers it; whoever sends `bearer.…` has to offer it, since browsers close a
WebSocket of which no protocol was taken."""
TICKET = "ticket"
_IN_SUBPROTOCOL = "bearer."
_SIZE_MAX = 8192
_SIGNS = re.compile(r"[A-Za-z0-9._~+/=-]+")


class Credential(NamedTuple):
    """What somebody showed."""

    kind: Literal["bearer", "ticket"]
    text: str


def find(headers: Headers, query: bytes = b"", *, websocket: bool = False) -> Credential | Refusal:
    """What somebody shows; a refusal if it is nothing, or if it is more than one thing.

    Parameters
    ----------
    query
        Where a ticket may be.
    websocket
        The subprotocol is looked at too.

    Examples
    --------
    >>> find(Headers({"authorization": "Bearer abc"}))
    Credential(kind='bearer', text='abc')
    """
    shown = [Credential("bearer", text) for text in headers.getlist("x-api-key")]
    for header in headers.getlist("authorization"):
        scheme, _, text = header.partition(" ")
        if scheme.lower() != "bearer":
            return Refusal("malformed", "only the scheme Bearer of Authorization is understood")
        shown.append(Credential("bearer", text.strip()))
    if websocket:
        offered = (word.strip() for word in ",".join(headers.getlist("sec-websocket-protocol")).split(","))
        meant = (word for word in offered if word.startswith(_IN_SUBPROTOCOL))
        shown += [Credential("bearer", word.removeprefix(_IN_SUBPROTOCOL)) for word in meant]
    shown += [Credential("ticket", text) for text in _tickets(query)]
    if not shown:
        return NOBODY
    if len(shown) > 1:
        return Refusal("ambiguous", "more than one key, token or ticket; show one", INVALID_PARAMETER)
    (one,) = shown
    if len(one.text) > _SIZE_MAX or not _SIGNS.fullmatch(one.text):
        return Refusal("malformed", "what was shown is neither a key nor a token")
    return one


def subprotocol_of(headers: Headers) -> str | None:
    """The subprotocol to answer with; None if ours was not offered."""
    offered = ",".join(headers.getlist("sec-websocket-protocol")).split(",")
    return SUBPROTOCOL if SUBPROTOCOL in map(str.strip, offered) else None


def without_ticket(query: bytes) -> bytes:
    """The query string as everybody behind the guard sees it.

    Examples
    --------
    >>> without_ticket(b"symbol=BTCUSDT&ticket=abc&x")
    b'symbol=BTCUSDT&x'
    """
    if TICKET.encode() not in query:
        return query
    return b"&".join(part for part in query.split(b"&") if part.partition(b"=")[0] != TICKET.encode())


def _tickets(query: bytes) -> list[str]:
    if TICKET.encode() not in query:
        return []
    pairs = parse_qsl(query.decode("latin-1"), keep_blank_values=True)
    return [text for name, text in pairs if name == TICKET]
