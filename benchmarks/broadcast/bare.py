"""Bare: sockets of uvloop and nothing else, the least that a broadcast can cost in Python.

    python -m benchmarks.broadcast.bare        says the port for clients and the one for what they are to get

Frames come ready made, each with its size before it. Of the handshake only the answer is there, always the same.
"""

import asyncio
from typing import cast

import uvloop

ANSWER = (
    b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n"
)
_transports: set[asyncio.Transport] = set()


class Client(asyncio.Protocol):
    """Is written to."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        if self._transport not in _transports:
            _transports.add(self._transport)
            self._transport.write(ANSWER)

    def connection_lost(self, error: Exception | None) -> None:
        _transports.discard(self._transport)


async def broadcast(reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
    """Write each frame to all."""
    while True:
        frame = await reader.readexactly(int.from_bytes(await reader.readexactly(4), "big"))
        for transport in _transports:
            transport.write(frame)


async def main() -> None:
    """Serve until killed."""
    loop = asyncio.get_running_loop()
    clients = await loop.create_server(Client, "127.0.0.1", 0, backlog=2048)
    feed = await asyncio.start_server(broadcast, "127.0.0.1", 0)
    print(*(server.sockets[0].getsockname()[1] for server in (clients, feed)), flush=True)
    await asyncio.Event().wait()


if __name__ == "__main__":
    uvloop.run(main())
