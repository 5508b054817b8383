"""A WebSocket client that reads only when it is told to, and then frame by frame."""

import socket
import struct
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

from tests.api.words import checked

SMALL = 4096


class RawClient:
    """The bare socket, after its handshake."""

    def __init__(self, raw: socket.socket) -> None:
        self._raw = raw
        self._file = raw.makefile("rb")

    def frame(self) -> tuple[int, bytes]:
        """Opcode and payload of the next frame."""
        first, second = self._exactly(2)
        size = second & 127
        if size == 126:
            (size,) = struct.unpack("!H", self._exactly(2))
        elif size == 127:
            (size,) = struct.unpack("!Q", self._exactly(8))
        return first & 15, self._exactly(size)

    def messages(self) -> Iterator[dict[str, Any]]:
        """What is said, until the connection ends; the last is the close code as `{"close": code}`."""
        while True:
            try:
                opcode, payload = self.frame()
            except (EOFError, ConnectionResetError):
                return
            if opcode == 8:
                yield {"close": struct.unpack("!H", payload[:2])[0]}
                return
            if opcode == 1:
                yield checked(payload)

    def send(self, data: bytes) -> None:
        """As it is; one that was hung up on says nothing more."""
        with suppress(ConnectionError):
            self._raw.sendall(data)

    def close(self) -> None:
        """Leave without a word."""
        self._file.close()
        self._raw.close()

    def finish(self) -> None:
        """Send nothing more."""
        with suppress(OSError):
            self._raw.shutdown(socket.SHUT_WR)

    def everything(self) -> bytes:
        """What comes until the connection ends."""
        with suppress(ConnectionResetError):
            return self._file.read()
        return b""

    def is_at_end(self) -> bool:
        """Whether the other side has nothing more to say."""
        return self.everything() == b""

    def flood(self, data: bytes, times: int) -> int:
        """How often `data` was taken before the connection ended."""
        for taken in range(times):
            try:
                self._raw.sendall(data)
                time.sleep(0.001)
            except ConnectionError:
                return taken
        return times

    def _exactly(self, size: int) -> bytes:
        data = self._file.read(size)
        if len(data) < size:
            raise EOFError
        return data


@contextmanager
def raw_client(address: str, path: str = "/ws/feed", more: str = "") -> Iterator[RawClient]:
    """A connection whose buffers hold little, and which has been accepted; `more` are lines for its head."""
    host, port = address.split(":")
    with socket.socket() as raw:
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, SMALL)
        raw.settimeout(20)
        raw.connect((host, int(port)))
        raw.sendall(
            f"GET {path} HTTP/1.1\r\nHost: {address}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            f"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n{more}\r\n".encode()
        )
        head = b""
        while not head.endswith(b"\r\n\r\n"):
            head += raw.recv(1)
        assert head.startswith(b"HTTP/1.1 101 ")
        client = RawClient(raw)
        try:
            yield client
        finally:
            client.close()
