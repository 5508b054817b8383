"""Wire format: a message encoded for one kind of connection, once for all connections of that kind."""

from enum import IntEnum

from api.websocket.deflate import MIN_BYTES, deflate
from api.websocket.frames import frame


class WireFormat(IntEnum):
    """How messages are encoded for a connection."""

    FRAME = 0
    """WebSocket frames."""
    DEFLATED = 1
    """WebSocket frames, compressed where that makes them smaller."""
    LINE = 2
    """A line of JSON; the ASGI sender splits lines into WebSocket messages."""
    EVENT = 3
    """Server-sent events."""


def to_wire(wire_format: WireFormat, body: bytes, *, kind: str = "", position: str = "") -> bytes:
    r"""Encode one message.

    Parameters
    ----------
    wire_format
        How to encode it.
    body
        Its JSON, without line breaks.
    kind, position
        Its type and its position in the feed, which only server-sent events state beside the JSON.

    Examples
    --------
    >>> to_wire(WireFormat.EVENT, b'{"type":"signal"}', kind="signal", position="k3f9:7")
    b'id: k3f9:7\nevent: signal\ndata: {"type":"signal"}\n\n'
    """
    if wire_format is WireFormat.FRAME:
        return frame(body)
    if wire_format is WireFormat.DEFLATED:
        deflated = deflate(body) if len(body) >= MIN_BYTES else body
        return frame(deflated, compressed=True) if len(deflated) < len(body) else frame(body)
    if wire_format is WireFormat.LINE:
        return body + b"\n"
    event_id = f"id: {position}\n" if position else ""
    return f"{event_id}event: {kind}\ndata: ".encode() + body + b"\n\n"
