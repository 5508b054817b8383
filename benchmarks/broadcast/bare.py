"""Bare: sockets of uvloop and nothing else, the least that a broadcast can cost in Python.

    python -m benchmarks.broadcast.bare [REDIS_URL]        prints where it listens

It reads the stream of signals as our API does, encodes each entry as one frame and writes that to all clients. Without
a URL it receives messages like the other servers: over a socket, each with a length prefix. There is no validation, no
envelope and no state; the handshake response is always the same.
"""

import asyncio
import sys
from typing import cast

import uvloop

from api.websocket.frames import frame
from store import feed

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


def _give(payload: bytes) -> None:
    framed = frame(payload)
    for transport in _transports:
        transport.write(framed)


async def _follow(redis_url: str) -> None:
    reader = feed.connect_async(redis_url)
    positions = {"signals": await feed.head(reader, "signals")}
    while True:
        for channel, seq, payload in await feed.read(reader, positions, block_ms=1_000):
            positions[channel] = seq
            _give(payload)


async def _listen(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while True:
        size = int.from_bytes(await reader.readexactly(4), "big")
        _give(await reader.readexactly(size))


async def main(redis_url: str | None) -> None:
    """Serve until killed."""
    loop = asyncio.get_running_loop()
    server = await loop.create_server(Client, "127.0.0.1", 0, backlog=2048)
    inner = None if redis_url else await asyncio.start_server(_listen, "127.0.0.1", 0)
    for what, listener in (("inner", inner), ("listening", server)):
        if listener is not None:
            print(f"{what} url=http://127.0.0.1:{listener.sockets[0].getsockname()[1]}", flush=True)
    await (_follow(redis_url) if redis_url else asyncio.Event().wait())


if __name__ == "__main__":
    uvloop.run(main(sys.argv[1] if len(sys.argv) > 1 else None))
