"""Frames as a client sends them."""

import struct


def client_frame(
    payload: bytes,
    opcode: int = 1,
    *,
    fin: bool = True,
    reserved: int = 0,
    mask: bytes | None = b"\x01\x02\x03\x04",
    size: int | None = None,
) -> bytes:
    """One frame; `size` overrides the declared payload length, `reserved` are the reserved bits."""
    size = len(payload) if size is None else size
    head = bytes([(0x80 if fin else 0) | reserved << 4 | opcode])
    mask_bit = 0x80 if mask else 0
    if size < 126:
        head += bytes([mask_bit | size])
    elif size < 65536:
        head += bytes([mask_bit | 126]) + struct.pack("!H", size)
    else:
        head += bytes([mask_bit | 127]) + struct.pack("!Q", size)
    if mask is None:
        return head + payload
    return head + mask + bytes(byte ^ mask[index % 4] for index, byte in enumerate(payload))
