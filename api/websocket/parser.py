"""Parser: the bytes of a client to its messages, or to the code with which its connection ends.

Nothing is forgiven (RFC 6455 asks for that): a client that breaks the rules does not know what it gets.
"""

from collections.abc import Iterator
from typing import NamedTuple

from api.websocket.deflate import inflate
from api.websocket.frames import (
    AGAINST_POLICY,
    CONTROL_BYTES_MAX,
    NO_CODE,
    NOT_UTF_8,
    PROTOCOL_ERROR,
    TOO_LARGE,
    Opcode,
    may_be_sent,
)

FRAMES_AT_ONCE = 1_000
"""More frames than anybody sends who means something; to read 40,000 of them, which fit into what a socket gives at a
time, took 0.2 s, in which nobody else was served."""
_SMALLEST = 6  # two bytes of head and the mask
_DATA = (Opcode.TEXT, Opcode.BINARY)
_OPCODES = frozenset(Opcode)


class Said(NamedTuple):
    """A message or a control frame; of a close frame `payload` is the reason and `code` its code."""

    opcode: Opcode
    payload: bytes
    code: int = NO_CODE


class FrameError(Exception):
    """The client broke a rule; `code` is what its connection is closed with."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(reason)
        self.code = code
        self.reason = reason


class Parser:
    """Takes bytes in any pieces and gives whole messages. It keeps at most one message.

    Parameters
    ----------
    bytes_max
        Largest message, after inflation.
    deflated
        Whether permessage-deflate was agreed on.
    """

    __slots__ = ("_begun", "_bytes_max", "_compressed", "_deflated", "_kind", "_left")

    def __init__(self, bytes_max: int, *, deflated: bool = False) -> None:
        self._bytes_max = bytes_max
        self._deflated = deflated
        self._left = b""
        self._begun: bytearray | None = None
        self._kind = Opcode.TEXT
        self._compressed = False

    def feed(self, data: bytes) -> Iterator[Said]:
        """What is complete with `data`.

        Raises
        ------
        FrameError
            At the first broken rule; nothing can be read after it.
        """
        data = self._left + data if self._left else data
        at = frames = 0
        while len(data) - at >= 2:
            first, second = data[at], data[at + 1]
            start, size = self._measure(data, at, first, second)
            if start + size > len(data):
                break
            payload = _unmasked(data[start : start + size], data[start - 4 : start])
            at = start + size
            self._left = b""
            frames += 1
            if frames > FRAMES_AT_ONCE:
                raise FrameError(AGAINST_POLICY, "too many frames at once")
            said = self._accept(first, payload)
            if said is not None:
                yield said
        self._left = data[at:]

    def _measure(self, data: bytes, at: int, first: int, second: int) -> tuple[int, int]:
        """Where the payload of the frame at `at` starts and its size; past the end if not known yet."""
        opcode, size, start = first & 15, second & 127, at + _SMALLEST
        if first & 0x30 or (first & 0x40 and not (self._deflated and opcode in _DATA)):
            raise FrameError(PROTOCOL_ERROR, "a reserved bit is set")
        if opcode not in _OPCODES:
            raise FrameError(PROTOCOL_ERROR, "an unknown kind of frame")
        if not second & 0x80:
            raise FrameError(PROTOCOL_ERROR, "a frame is not masked")
        if opcode >= Opcode.CLOSE:
            if size > CONTROL_BYTES_MAX or not first & 0x80:
                raise FrameError(PROTOCOL_ERROR, "a control frame is too large or in parts")
        elif (opcode == Opcode.CONTINUATION) != (self._begun is not None):
            raise FrameError(PROTOCOL_ERROR, "parts of messages are out of order")
        if size >= 126:
            wide = 2 if size == 126 else 8
            start += wide
            if len(data) < start - 4:
                return len(data), 1
            size = int.from_bytes(data[at + 2 : at + 2 + wide], "big")
            if size < 126 or (wide == 8 and size < 65536) or size >= 2**63:
                raise FrameError(PROTOCOL_ERROR, "a size is not written in its shortest form")
        if opcode < Opcode.CLOSE and size + len(self._begun or b"") > self._bytes_max:
            raise FrameError(TOO_LARGE, f"more than {self._bytes_max} bytes")
        return start, size

    def _accept(self, first: int, payload: bytes) -> Said | None:
        opcode = Opcode(first & 15)
        if opcode == Opcode.CLOSE:
            return _closing(payload)
        if opcode > Opcode.CLOSE:
            return Said(opcode, payload)
        if opcode != Opcode.CONTINUATION:
            self._kind, self._compressed = opcode, bool(first & 0x40)
        if not first & 0x80:
            if self._begun is None:
                self._begun = bytearray()
            self._begun += payload
            return None
        if self._begun is not None:
            payload, self._begun = bytes(self._begun) + payload, None
        return self._whole(payload)

    def _whole(self, payload: bytes) -> Said:
        if self._compressed:
            try:
                payload = inflate(payload, self._bytes_max)
            except ValueError as problem:
                raise FrameError(PROTOCOL_ERROR, str(problem)) from None
            if len(payload) > self._bytes_max:
                raise FrameError(TOO_LARGE, f"more than {self._bytes_max} bytes")
        if self._kind == Opcode.TEXT:
            _check_utf_8(payload)
        return Said(self._kind, payload)


def _unmasked(payload: bytes, mask: bytes) -> bytes:
    """XOR with the mask, as two large integers: some 3 GB/s, which a loop over bytes is far from."""
    size = len(payload)
    key = (mask * (size // 4 + 1))[:size]
    return (int.from_bytes(payload, "big") ^ int.from_bytes(key, "big")).to_bytes(size, "big")


def _closing(payload: bytes) -> Said:
    if not payload:
        return Said(Opcode.CLOSE, b"")
    code = int.from_bytes(payload[:2], "big")
    if len(payload) < 2 or not may_be_sent(code):
        raise FrameError(PROTOCOL_ERROR, "a connection cannot be closed with that code")
    _check_utf_8(payload[2:])
    return Said(Opcode.CLOSE, payload[2:], code)


def _check_utf_8(payload: bytes) -> None:
    try:
        payload.decode()
    except UnicodeDecodeError:
        raise FrameError(NOT_UTF_8, "a text is not UTF-8") from None
