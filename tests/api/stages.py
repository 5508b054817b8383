"""Servers that behave as ours does on a bad day, over real sockets: each connection gets its own scene."""

import asyncio
import socket
import threading
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from typing import Any

import msgspec
from websockets.asyncio.server import ServerConnection, serve

from tests.api.words import checked


@dataclass
class Stage:
    """Where it is, and what was asked on each connection."""

    address: str
    heard: list[Any] = field(default_factory=list)


@contextmanager
def http(*answers: bytes) -> Iterator[Stage]:
    """A server that gives each connection one answer, as it stands; an empty one is a hang-up."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        stage = Stage(f"http://127.0.0.1:{listener.getsockname()[1]}")

        def play() -> None:
            for answer in answers:
                connection, _ = listener.accept()
                with connection:
                    stage.heard.append(_request(connection).decode())
                    connection.sendall(answer)

        thread = threading.Thread(target=play)
        thread.start()
        yield stage
        thread.join(20)
        assert not thread.is_alive(), f"only {len(stage.heard)} of {len(answers)} were asked for"


def _request(connection: socket.socket) -> bytes:
    """Head and content."""
    text = b""
    while b"\r\n\r\n" not in text:
        text += connection.recv(65536)
    head, _, content = text.partition(b"\r\n\r\n")
    lengths = [line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")]
    while lengths and len(content) < int(lengths[0].partition(b":")[2]):
        content += connection.recv(65536)
    return head + b"\r\n\r\n" + content


def answer(status: str, body: str = "", *headers: str) -> bytes:
    """An answer as it goes over the wire."""
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", "Connection: close", *headers]
    return ("\r\n".join(lines) + f"\r\n\r\n{body}").encode()


@asynccontextmanager
async def feed(*scenes: Sequence[dict[str, Any] | int]) -> AsyncIterator[Stage]:
    """A feed that says what each scene holds after it was spoken to, then closes with the code at its end."""
    waiting = iter(scenes)

    async def play(connection: ServerConnection) -> None:
        stage.heard.append((msgspec.json.decode(await connection.recv()), asyncio.get_running_loop().time()))
        *words, code = next(waiting)
        for word in words:
            text = msgspec.json.encode(word).decode()
            checked(text)
            await connection.send(text)
        assert isinstance(code, int)
        await connection.close(code)

    async with serve(play, "127.0.0.1", 0) as server:
        (listener,) = server.sockets
        stage = Stage(f"http://127.0.0.1:{listener.getsockname()[1]}")
        yield stage
