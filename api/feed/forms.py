"""Forms: a message as each kind of connection wants it, made once for all connections of that kind."""

from enum import IntEnum

from api.websocket.deflate import SMALLEST, deflate
from api.websocket.frames import frame


class Form(IntEnum):
    """How a connection is written to."""

    FRAME = 0
    """WebSocket frames."""
    DEFLATED = 1
    """WebSocket frames, compressed where it pays."""
    LINE = 2
    """A line of JSON; whoever sends it cuts it into messages again."""
    EVENT = 3
    """Server-sent events."""


def written(form: Form, body: bytes, *, kind: str = "", position: str = "") -> bytes:
    r"""One message.

    Parameters
    ----------
    form
        As what.
    body
        Its JSON, without line breaks.
    kind, position
        Its type, and where it stands in the feed; only events say them beside the JSON.

    Examples
    --------
    >>> written(Form.EVENT, b'{"type":"signal"}', kind="signal", position="k3f9:7")
    b'id: k3f9:7\nevent: signal\ndata: {"type":"signal"}\n\n'
    """
    if form is Form.FRAME:
        return frame(body)
    if form is Form.DEFLATED:
        smaller = deflate(body) if len(body) >= SMALLEST else body
        return frame(smaller, compressed=True) if len(smaller) < len(body) else frame(body)
    if form is Form.LINE:
        return body + b"\n"
    head = f"id: {position}\n" if position else ""
    return f"{head}event: {kind}\ndata: ".encode() + body + b"\n\n"
