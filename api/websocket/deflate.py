"""Deflate: compression that is done once for all clients (RFC 7692 with `server_no_context_takeover`).

Each message is compressed independently, so one result can be sent to every client that negotiated compression,
and no connection holds a compression window. The cost is that a message cannot refer to the one before it.
"""

import re
import zlib
from collections.abc import Iterator

WINDOW_BITS = 12
"""4 KiB, more than the size of a signal; a client that allows less gets no compression."""
MIN_BYTES = 200
"""Shorter messages are not worth the client's work."""
_EMPTY_BLOCK = b"\x00\x00\xff\xff"  # ends each message, and is not transmitted (RFC 7692 §7.2.1)
_LEVEL, _MEMORY = 6, 8
_PARAMETER = re.compile(r"([!#$%&'*+.^_`|~0-9A-Za-z-]+)(?:\s*=\s*\"?([!#$%&'*+.^_`|~0-9A-Za-z-]+)\"?)?")
_KNOWN = {
    "server_no_context_takeover",
    "client_no_context_takeover",
    "server_max_window_bits",
    "client_max_window_bits",
}


def negotiate(offers: str) -> str | None:
    """The response to the header `Sec-WebSocket-Extensions`; None if no offer is acceptable.

    Examples
    --------
    >>> negotiate("permessage-deflate; client_max_window_bits")
    'permessage-deflate; server_no_context_takeover; client_no_context_takeover; server_max_window_bits=12'
    >>> negotiate("permessage-deflate; server_max_window_bits=9, x-other") is None
    True
    """
    for name, parameters in _parse(offers):
        if name == "permessage-deflate" and _is_acceptable(parameters):
            return (
                "permessage-deflate; server_no_context_takeover; client_no_context_takeover; "
                f"server_max_window_bits={WINDOW_BITS}"
            )
    return None


def deflate(payload: bytes) -> bytes:
    """Compress one message, independently of all others."""
    compressor = zlib.compressobj(_LEVEL, zlib.DEFLATED, -WINDOW_BITS, _MEMORY)
    return (compressor.compress(payload) + compressor.flush(zlib.Z_SYNC_FLUSH)).removesuffix(_EMPTY_BLOCK)


def inflate(payload: bytes, bytes_max: int) -> bytes:
    """Decompress one message, up to one byte more than `bytes_max`, as protection against decompression bombs.

    Raises
    ------
    ValueError
        If it is not compressed data.
    """
    decompressor = zlib.decompressobj(-zlib.MAX_WBITS)
    try:
        return decompressor.decompress(payload + _EMPTY_BLOCK, bytes_max + 1)
    except zlib.error:
        raise ValueError("the payload is not valid compressed data") from None


def _parse(offers: str) -> Iterator[tuple[str, list[tuple[str, str | None]]]]:
    """The name and parameters of each well-formed offer."""
    for offer in offers.split(","):
        name, *parameters = (part.strip() for part in offer.split(";"))
        matches = [_PARAMETER.fullmatch(parameter) for parameter in parameters]
        if all(matches):
            yield name.lower(), [(match[1].lower(), match[2]) for match in matches if match]


def _is_acceptable(parameters: list[tuple[str, str | None]]) -> bool:
    names = [name for name, _ in parameters]
    if len(set(names)) < len(names) or not _KNOWN.issuperset(names):
        return False
    window = dict(parameters).get("server_max_window_bits", "15")
    return window is not None and window.isdecimal() and WINDOW_BITS <= int(window) <= zlib.MAX_WBITS
