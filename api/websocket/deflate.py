"""Deflate: compression that is made once for all clients (RFC 7692 with `server_no_context_takeover`).

Each message is compressed for itself, so one result serves everybody who agreed on compression, and no
connection keeps a window. The price is that a message cannot refer to the one before it.
"""

import re
import zlib
from collections.abc import Iterator

WINDOW_BITS = 12
"""4 KiB, which is more than a signal; a client that allows less is not compressed for."""
SMALLEST = 200
"""Shorter texts are not worth the client's work."""
_END = b"\x00\x00\xff\xff"
_LEVEL, _MEMORY = 6, 8
_PARAMETER = re.compile(r"([!#$%&'*+.^_`|~0-9A-Za-z-]+)(?:\s*=\s*\"?([!#$%&'*+.^_`|~0-9A-Za-z-]+)\"?)?")
_KNOWN = {
    "server_no_context_takeover",
    "client_no_context_takeover",
    "server_max_window_bits",
    "client_max_window_bits",
}


def agree(offers: str) -> str | None:
    """The answer to `Sec-WebSocket-Extensions`, or None if nothing offered suits us.

    Examples
    --------
    >>> agree("permessage-deflate; client_max_window_bits")
    'permessage-deflate; server_no_context_takeover; client_no_context_takeover; server_max_window_bits=12'
    >>> agree("permessage-deflate; server_max_window_bits=9, x-other") is None
    True
    """
    for name, parameters in _read(offers):
        if name == "permessage-deflate" and _suits(parameters):
            return (
                "permessage-deflate; server_no_context_takeover; client_no_context_takeover; "
                f"server_max_window_bits={WINDOW_BITS}"
            )
    return None


def deflate(payload: bytes) -> bytes:
    """A message compressed for itself."""
    compressor = zlib.compressobj(_LEVEL, zlib.DEFLATED, -WINDOW_BITS, _MEMORY)
    return (compressor.compress(payload) + compressor.flush(zlib.Z_SYNC_FLUSH)).removesuffix(_END)


def inflate(payload: bytes, bytes_max: int) -> bytes:
    """What a client compressed; a byte more than `bytes_max` at most, so that a bomb does not go off.

    Raises
    ------
    ValueError
        If it is not compressed data.
    """
    decompressor = zlib.decompressobj(-zlib.MAX_WBITS)
    try:
        return decompressor.decompress(payload + _END, bytes_max + 1)
    except zlib.error:
        raise ValueError("a compressed message cannot be read") from None


def _read(offers: str) -> Iterator[tuple[str, list[tuple[str, str | None]]]]:
    for offer in offers.split(","):
        name, *words = (word.strip() for word in offer.split(";"))
        found = [_PARAMETER.fullmatch(word) for word in words]
        if all(found):
            yield name.lower(), [(one[1].lower(), one[2]) for one in found if one]


def _suits(parameters: list[tuple[str, str | None]]) -> bool:
    names = [name for name, _ in parameters]
    if len(set(names)) < len(names) or not _KNOWN.issuperset(names):
        return False
    given = dict(parameters)
    window = given.get("server_max_window_bits", "15")
    return window is not None and window.isdecimal() and WINDOW_BITS <= int(window) <= zlib.MAX_WBITS
