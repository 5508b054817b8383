"""Frames as a client sends them."""

import struct


def client_frame(
    payload: bytes,
    opcode: int = 1,
    *,
    fin: bool = True,
    bits: int = 0,
    mask: bytes | None = b"\x01\x02\x03\x04",
    size: int | None = None,
) -> bytes:
    """One frame; `size` is what it says it has, `bits` the reserved ones."""
    size = len(payload) if size is None else size
    head = bytes([(0x80 if fin else 0) | bits << 4 | opcode])
    masked = 0x80 if mask else 0
    if size < 126:
        head += bytes([masked | size])
    elif size < 65536:
        head += bytes([masked | 126]) + struct.pack("!H", size)
    else:
        head += bytes([masked | 127]) + struct.pack("!Q", size)
    if mask is None:
        return head + payload
    return head + mask + bytes(byte ^ mask[place % 4] for place, byte in enumerate(payload))
