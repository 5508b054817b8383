"""Handshake: validation of the request that opens a WebSocket, and its responses (RFC 6455 §4.2)."""

import base64
import hashlib
from binascii import Error
from http import HTTPStatus
from typing import NamedTuple
from urllib.parse import unquote

from starlette.datastructures import Headers
from starlette.responses import Response

from api.errors import INVALID_MESSAGE, ProblemError
from api.feed.admission import RequestHead

_GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
_VERSION = "13"
_KEY_BYTES = 16
END_OF_HEAD = b"\r\n\r\n"


class UpgradeRequest(NamedTuple):
    """A valid request to open a WebSocket, with its `Sec-WebSocket-Key` and `Sec-WebSocket-Extensions`."""

    head: RequestHead
    key: str
    extensions: str


def parse_head(head: bytes, address: str | None) -> RequestHead:
    """Parse the request line and headers, whose syntax uvicorn's HTTP parser has checked before."""
    request, *lines = head.split(b"\r\n")
    method, target, _ = request.split(b" ", 2)
    path, _, query = target.partition(b"?")
    pairs = [line.partition(b":") for line in lines]
    headers = Headers(raw=[(name.strip().lower(), value.strip()) for name, _, value in pairs])
    return RequestHead(unquote(path.decode("latin-1")), query, headers, address, method.decode("latin-1"))


def validate(head: RequestHead) -> UpgradeRequest:
    """Check that a request opens a WebSocket as RFC 6455 requires.

    Raises
    ------
    ProblemError
        If it does not.
    """
    headers = head.headers
    if head.method != "GET":
        raise ProblemError(INVALID_MESSAGE, "a WebSocket is opened by a GET request")
    if headers.get("sec-websocket-version") != _VERSION:
        raise ProblemError(INVALID_MESSAGE, f"Sec-WebSocket-Version must be {_VERSION}")
    keys = headers.getlist("sec-websocket-key")
    if len(keys) != 1 or not _is_key(keys[0]):
        raise ProblemError(INVALID_MESSAGE, "Sec-WebSocket-Key must be given once and be 16 bytes in base64")
    return UpgradeRequest(head, keys[0], ", ".join(headers.getlist("sec-websocket-extensions")))


def accept_response(upgrade: UpgradeRequest, extensions: str | None, subprotocol: str | None = None) -> bytes:
    """The response that opens the WebSocket, with what was negotiated."""
    digest = base64.b64encode(hashlib.sha1(upgrade.key.encode() + _GUID, usedforsecurity=False).digest())
    lines = [
        "HTTP/1.1 101 Switching Protocols",
        "Upgrade: websocket",
        "Connection: Upgrade",
        f"Sec-WebSocket-Accept: {digest.decode()}",
    ]
    if extensions is not None:
        lines.append(f"Sec-WebSocket-Extensions: {extensions}")
    if subprotocol is not None:
        lines.append(f"Sec-WebSocket-Protocol: {subprotocol}")
    return "\r\n".join(lines).encode() + END_OF_HEAD


def reject_response(response: Response) -> bytes:
    """Encode a response that refuses the WebSocket; the connection is closed after it."""
    status = HTTPStatus(response.status_code)
    lines = [f"HTTP/1.1 {status.value} {status.phrase}".encode(), b"connection: close"]
    lines.append(f"sec-websocket-version: {_VERSION}".encode())
    lines += [name + b": " + value for name, value in response.raw_headers]
    return b"\r\n".join(lines) + END_OF_HEAD + bytes(response.body)


def _is_key(text: str) -> bool:
    try:
        return len(base64.b64decode(text, validate=True)) == _KEY_BYTES
    except (Error, ValueError):
        return False
