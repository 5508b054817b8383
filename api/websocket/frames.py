"""Frames: what a server writes on a WebSocket, and what the numbers in it mean (RFC 6455 §5.2, §7.4)."""

from enum import IntEnum


class Opcode(IntEnum):
    """What a frame is."""

    CONTINUATION = 0
    TEXT = 1
    BINARY = 2
    CLOSE = 8
    PING = 9
    PONG = 10


NORMAL = 1000
GOING_AWAY = 1001
PROTOCOL_ERROR = 1002
UNSUPPORTED = 1003
NO_CODE = 1005
"""Stands for a close frame without a code; never sent."""
NOT_UTF_8 = 1007
AGAINST_POLICY = 1008
TOO_LARGE = 1009
INTERNAL = 1011
RESTARTING = 1012

CONTROL_BYTES_MAX = 125
_REASON_BYTES_MAX = CONTROL_BYTES_MAX - 2
_SENT_BY_CLIENTS = frozenset({1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014})


def frame(payload: bytes, opcode: Opcode = Opcode.TEXT, *, compressed: bool = False) -> bytes:
    """One whole message in one frame.

    Parameters
    ----------
    payload
        What it says; of control frames at most 125 bytes.
    opcode
        What it is.
    compressed
        The payload was deflated (RFC 7692 §6).

    Examples
    --------
    >>> frame(b"Hello").hex(" ")
    '81 05 48 65 6c 6c 6f'
    """
    first = 0x80 | (0x40 if compressed else 0) | opcode
    size = len(payload)
    if size < 126:
        return bytes((first, size)) + payload
    if size < 65536:
        return bytes((first, 126)) + size.to_bytes(2, "big") + payload
    return bytes((first, 127)) + size.to_bytes(8, "big") + payload


def close_frame(code: int, reason: str = "") -> bytes:
    """The frame that begins, or answers, the end of a connection; `reason` is cut to what fits.

    Examples
    --------
    >>> close_frame(1000).hex(" "), close_frame(NO_CODE).hex(" ")
    ('88 02 03 e8', '88 00')
    """
    if code == NO_CODE:
        return frame(b"", Opcode.CLOSE)
    said = reason.encode()[:_REASON_BYTES_MAX].decode(errors="ignore").encode()
    return frame(code.to_bytes(2, "big") + said, Opcode.CLOSE)


def may_be_sent(code: int) -> bool:
    """Whether a client may close with `code`: registered, or of the ranges for libraries and applications.

    Examples
    --------
    >>> [may_be_sent(code) for code in (999, 1000, 1004, 1005, 1006, 1015, 2999, 3000, 4999, 5000)]
    [False, True, False, False, False, False, False, True, True, False]
    """
    return code in _SENT_BY_CLIENTS or 3000 <= code <= 4999
