"""Servers on real sockets that answer each connection as scripted, including with the failures of a real one."""

import asyncio
import socket
import threading
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from typing import Any

import msgspec
from websockets.asyncio.server import ServerConnection, serve

from tests.api.feed_schema import validated


@dataclass
class ScriptedServer:
    """The address of a server, and what it received on each connection."""

    address: str
    received: list[Any] = field(default_factory=list)


@contextmanager
def http_server(*responses: bytes) -> Iterator[ScriptedServer]:
    """Answer each connection with the next of `responses`, unchanged; an empty one closes it without an answer."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        server = ScriptedServer(f"http://127.0.0.1:{listener.getsockname()[1]}")

        def run() -> None:
            for response in responses:
                connection, _ = listener.accept()
                with connection:
                    server.received.append(_read_request(connection).decode())
                    connection.sendall(response)

        thread = threading.Thread(target=run)
        thread.start()
        yield server
        thread.join(20)
        assert not thread.is_alive(), f"only {len(server.received)} of {len(responses)} responses were requested"


def _read_request(connection: socket.socket) -> bytes:
    """Head and body of one request."""
    data = b""
    while b"\r\n\r\n" not in data:
        data += connection.recv(65536)
    head, _, body = data.partition(b"\r\n\r\n")
    lengths = [line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")]
    while lengths and len(body) < int(lengths[0].partition(b":")[2]):
        body += connection.recv(65536)
    return head + b"\r\n\r\n" + body


def http_response(status: str, body: str = "", *headers: str) -> bytes:
    """A response as it goes over the wire."""
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", "Connection: close", *headers]
    return ("\r\n".join(lines) + f"\r\n\r\n{body}").encode()


@asynccontextmanager
async def feed_server(*scripts: Sequence[dict[str, Any] | int]) -> AsyncIterator[ScriptedServer]:
    """Serve a feed: on each connection read one command, send the messages of the next script, then close.

    Parameters
    ----------
    scripts
        One per connection: messages, then the close code. `received` holds each command and its loop time.
    """
    remaining = iter(scripts)

    async def handle(connection: ServerConnection) -> None:
        command = msgspec.json.decode(await connection.recv())
        server.received.append((command, asyncio.get_running_loop().time()))
        *messages, code = next(remaining)
        for message in messages:
            text = msgspec.json.encode(message).decode()
            validated(text)
            await connection.send(text)
        assert isinstance(code, int)
        await connection.close(code)

    async with serve(handle, "127.0.0.1", 0) as running:
        (listener,) = running.sockets
        server = ScriptedServer(f"http://127.0.0.1:{listener.getsockname()[1]}")
        yield server
