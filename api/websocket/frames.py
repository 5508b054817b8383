"""Frames: encoding of the frames that a server sends, with opcodes and close codes (RFC 6455 §5.2, §7.4)."""

from enum import IntEnum


class Opcode(IntEnum):
    """The type of a frame."""

    CONTINUATION = 0
    TEXT = 1
    BINARY = 2
    CLOSE = 8
    PING = 9
    PONG = 10


NORMAL = 1000
PROTOCOL_ERROR = 1002
NO_STATUS_RECEIVED = 1005
"""Stands for a close frame without a code; never sent."""
INVALID_PAYLOAD = 1007
POLICY_VIOLATION = 1008
MESSAGE_TOO_BIG = 1009

CONTROL_BYTES_MAX = 125
_REASON_BYTES_MAX = CONTROL_BYTES_MAX - 2
_REGISTERED_CODES = frozenset({1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014})


def frame(payload: bytes, opcode: Opcode = Opcode.TEXT, *, compressed: bool = False) -> bytes:
    """A complete message in one frame.

    Parameters
    ----------
    payload
        The message; at most 125 bytes in a control frame.
    opcode
        Its type.
    compressed
        The payload is compressed (RFC 7692 §6).

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
    """A close frame; `reason` is truncated to what a control frame can hold.

    Examples
    --------
    >>> close_frame(1000).hex(" "), close_frame(NO_STATUS_RECEIVED).hex(" ")
    ('88 02 03 e8', '88 00')
    """
    if code == NO_STATUS_RECEIVED:
        return frame(b"", Opcode.CLOSE)
    truncated = reason.encode()[:_REASON_BYTES_MAX].decode(errors="ignore").encode()
    return frame(code.to_bytes(2, "big") + truncated, Opcode.CLOSE)


def is_valid_close_code(code: int) -> bool:
    """Whether a client may close with `code`: registered, or in the ranges for libraries and applications.

    Examples
    --------
    >>> [is_valid_close_code(code) for code in (999, 1000, 1004, 1005, 1006, 1015, 2999, 3000, 4999, 5000)]
    [False, True, False, False, False, False, False, True, True, False]
    """
    return code in _REGISTERED_CODES or 3000 <= code <= 4999
