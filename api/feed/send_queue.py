"""Send queue: the sink of a client under any ASGI server, which has one task that awaits every send."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator

from api.feed.client import Client
from api.feed.hub import Hub
from api.feed.wire_format import WireFormat

HIGH_WATER_BYTES = 64 * 1024
LOW_WATER_BYTES = 16 * 1024


class SendQueue:
    """Data that waits to be sent, with flow control like the buffer of a socket.

    Parameters
    ----------
    hub
        Stops writing above `HIGH_WATER_BYTES`, and resumes at `LOW_WATER_BYTES`.
    wire_format
        How messages are encoded.

    Attributes
    ----------
    client
        Its owner; set once it was created with this sink.
    closing
        Code and reason with which the connection is to be closed; None while it is open.
    sender
        The task that sends; cancelled to drop the connection.
    """

    def __init__(self, hub: Hub, wire_format: WireFormat) -> None:
        self.wire_format = wire_format
        self.client: Client | None = None
        self.closing: tuple[int, str] | None = None
        self.sender: asyncio.Task[None] | None = None
        self._hub = hub
        self._waiting: deque[bytes] = deque()
        self._bytes = 0
        self._wake = asyncio.Event()

    def write(self, data: bytes) -> None:
        """Queue encoded messages."""
        self._waiting.append(data)
        self._bytes += len(data)
        self._wake.set()
        if self._bytes > HIGH_WATER_BYTES and self.client is not None:
            self._hub.pause_writing(self.client)

    def ping(self) -> None:
        """Do nothing: the ASGI server sends pings itself."""

    def close(self, code: int, reason: str) -> None:
        """End the iteration of `chunks` after what is queued."""
        self.closing = (code, reason)
        self._wake.set()

    def abort(self) -> None:
        """Cancel the sender."""
        if self.sender is not None:
            self.sender.cancel()

    async def chunks(self) -> AsyncIterator[bytes]:
        """Iterate over what is queued, until the connection is to be closed."""
        while True:
            while self._waiting:
                data = self._waiting.popleft()
                yield data
                self._bytes -= len(data)
                if self._bytes <= LOW_WATER_BYTES and self.client is not None:
                    self._hub.resume_writing(self.client)
            if self.closing is not None:
                return
            self._wake.clear()
            await self._wake.wait()
