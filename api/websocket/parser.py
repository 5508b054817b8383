"""Parser: from the bytes that a client sends to messages, or to the code with which its connection is closed.

Every violation of the protocol is fatal, as RFC 6455 requires: after one, frame boundaries cannot be trusted.
"""

from collections.abc import Iterator
from typing import NamedTuple

from api.websocket.deflate import inflate
from api.websocket.frames import (
    CONTROL_BYTES_MAX,
    INVALID_PAYLOAD,
    MESSAGE_TOO_BIG,
    NO_STATUS_RECEIVED,
    POLICY_VIOLATION,
    PROTOCOL_ERROR,
    Opcode,
    is_valid_close_code,
)

FRAMES_PER_READ_MAX = 1_000
"""More frames than a well-behaved client sends at once. To parse 40,000, which fit into what one read of a socket
returns, took 0.2 s, during which no other client was served."""
_HEAD_BYTES_MIN = 6  # two bytes and the mask
_DATA = (Opcode.TEXT, Opcode.BINARY)
_OPCODES = frozenset(Opcode)


class ParsedMessage(NamedTuple):
    """A complete message, or a control frame; of a close frame, `payload` is the reason and `code` its code."""

    opcode: Opcode
    payload: bytes
    code: int = NO_STATUS_RECEIVED


class FrameError(Exception):
    """The client violated the protocol; `code` is the one to close its connection with."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(reason)
        self.code = code
        self.reason = reason


class Parser:
    """Incremental parser: accepts bytes in chunks of any size. It buffers at most one message.

    Parameters
    ----------
    bytes_max
        Largest message, after decompression.
    deflated
        Whether permessage-deflate was negotiated.
    """

    __slots__ = ("_buffer", "_bytes_max", "_compressed", "_deflated", "_fragments", "_opcode")

    def __init__(self, bytes_max: int, *, deflated: bool = False) -> None:
        self._bytes_max = bytes_max
        self._deflated = deflated
        self._buffer = b""
        self._fragments: bytearray | None = None
        self._opcode = Opcode.TEXT
        self._compressed = False

    def feed(self, data: bytes) -> Iterator[ParsedMessage]:
        """The messages that are complete with `data`.

        Raises
        ------
        FrameError
            At the first violation of the protocol; the parser must not be used after it.
        """
        data = self._buffer + data if self._buffer else data
        offset = frames = 0
        while len(data) - offset >= 2:
            first, second = data[offset], data[offset + 1]
            start, size = self._locate_payload(data, offset, first, second)
            if start + size > len(data):
                break
            payload = _unmask(data[start : start + size], data[start - 4 : start])
            offset = start + size
            self._buffer = b""
            frames += 1
            if frames > FRAMES_PER_READ_MAX:
                raise FrameError(POLICY_VIOLATION, f"more than {FRAMES_PER_READ_MAX} frames at once")
            message = self._handle_frame(first, payload)
            if message is not None:
                yield message
        self._buffer = data[offset:]

    def _locate_payload(self, data: bytes, offset: int, first: int, second: int) -> tuple[int, int]:
        """Where the payload of the frame at `offset` starts, and its size; past the end if not known yet."""
        opcode, size, start = first & 15, second & 127, offset + _HEAD_BYTES_MIN
        if first & 0x30 or (first & 0x40 and not (self._deflated and opcode in _DATA)):
            raise FrameError(PROTOCOL_ERROR, "a reserved bit is set")
        if opcode not in _OPCODES:
            raise FrameError(PROTOCOL_ERROR, f"unknown opcode {opcode}")
        if not second & 0x80:
            raise FrameError(PROTOCOL_ERROR, "a frame is not masked")
        if opcode >= Opcode.CLOSE:
            if size > CONTROL_BYTES_MAX or not first & 0x80:
                raise FrameError(PROTOCOL_ERROR, "a control frame is too large or fragmented")
        elif (opcode == Opcode.CONTINUATION) != (self._fragments is not None):
            raise FrameError(PROTOCOL_ERROR, "fragments of messages are out of order")
        if size >= 126:
            size_bytes = 2 if size == 126 else 8
            start += size_bytes
            if len(data) < start - 4:
                return len(data), 1
            size = int.from_bytes(data[offset + 2 : offset + 2 + size_bytes], "big")
            if size < 126 or (size_bytes == 8 and size < 65536) or size >= 2**63:
                raise FrameError(PROTOCOL_ERROR, "a payload length is not in its shortest encoding")
        if opcode < Opcode.CLOSE and size + len(self._fragments or b"") > self._bytes_max:
            raise FrameError(MESSAGE_TOO_BIG, f"a message has more than {self._bytes_max} bytes")
        return start, size

    def _handle_frame(self, first: int, payload: bytes) -> ParsedMessage | None:
        """The message that a frame completes, if it does."""
        opcode = Opcode(first & 15)
        if opcode == Opcode.CLOSE:
            return _parse_close(payload)
        if opcode > Opcode.CLOSE:
            return ParsedMessage(opcode, payload)
        if opcode != Opcode.CONTINUATION:
            self._opcode, self._compressed = opcode, bool(first & 0x40)
        if not first & 0x80:
            if self._fragments is None:
                self._fragments = bytearray()
            self._fragments += payload
            return None
        if self._fragments is not None:
            payload, self._fragments = bytes(self._fragments) + payload, None
        return self._decode(payload)

    def _decode(self, payload: bytes) -> ParsedMessage:
        """Decompress and validate a whole message."""
        if self._compressed:
            try:
                payload = inflate(payload, self._bytes_max)
            except ValueError as problem:
                raise FrameError(PROTOCOL_ERROR, str(problem)) from None
            if len(payload) > self._bytes_max:
                raise FrameError(MESSAGE_TOO_BIG, f"a message has more than {self._bytes_max} bytes")
        if self._opcode == Opcode.TEXT:
            _check_utf_8(payload)
        return ParsedMessage(self._opcode, payload)


def _unmask(payload: bytes, mask: bytes) -> bytes:
    """XOR with the mask, as two large integers: some 3 GB/s, far more than a loop over bytes achieves."""
    size = len(payload)
    key = (mask * (size // 4 + 1))[:size]
    return (int.from_bytes(payload, "big") ^ int.from_bytes(key, "big")).to_bytes(size, "big")


def _parse_close(payload: bytes) -> ParsedMessage:
    if not payload:
        return ParsedMessage(Opcode.CLOSE, b"")
    code = int.from_bytes(payload[:2], "big")
    if len(payload) < 2 or not is_valid_close_code(code):
        raise FrameError(PROTOCOL_ERROR, "a close frame has an invalid code")
    _check_utf_8(payload[2:])
    return ParsedMessage(Opcode.CLOSE, payload[2:], code)


def _check_utf_8(payload: bytes) -> None:
    try:
        payload.decode()
    except UnicodeDecodeError:
        raise FrameError(INVALID_PAYLOAD, "a text is not valid UTF-8") from None
