"""SendQueue: the sink of a client under any ASGI server, which takes one thing at a time and lets us wait for it."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator

from api.feed.client import Client
from api.feed.hub import Hub
from api.feed.wire_format import WireFormat

HIGH_WATER = 64 * 1024
LOW_WATER = 16 * 1024


class SendQueue:
    """What waits to be sent, bounded as a socket's buffer is.

    Parameters
    ----------
    hub
        Told when there is no room, and when there is.
    wire_format
        How messages are encoded.

    Attributes
    ----------
    closing
        Code and reason with which the connection is to end; None while it goes on.
    sender
        Whoever sends; cancelled when nothing else helps.
    """

    def __init__(self, hub: Hub, wire_format: WireFormat) -> None:
        self.wire_format = wire_format
        self.client: Client | None = None
        self.closing: tuple[int, str] | None = None
        self.sender: asyncio.Task[None] | None = None
        self._hub = hub
        self._waiting: deque[bytes] = deque()
        self._bytes = 0
        self._woken = asyncio.Event()

    def write(self, data: bytes) -> None:
        """Take messages."""
        self._waiting.append(data)
        self._bytes += len(data)
        self._woken.set()
        if self._bytes > HIGH_WATER and self.client is not None:
            self._hub.pause_writing(self.client)

    def ping(self) -> None:
        """The server does that."""

    def close(self, code: int, reason: str) -> None:
        """End after what waits was sent."""
        self.closing = (code, reason)
        self._woken.set()

    def abort(self) -> None:
        """End now."""
        if self.sender is not None:
            self.sender.cancel()

    async def taken(self) -> AsyncIterator[bytes]:
        """What was written, until the connection is to end."""
        while True:
            while self._waiting:
                data = self._waiting.popleft()
                yield data
                self._bytes -= len(data)
                if self._bytes <= LOW_WATER and self.client is not None:
                    self._hub.resume_writing(self.client)
            if self.closing is not None:
                return
            self._woken.clear()
            await self._woken.wait()
