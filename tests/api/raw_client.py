"""A WebSocket client on a bare socket that reads only on demand, one frame at a time."""

import socket
import struct
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

from tests.api.feed_schema import validated

RECEIVE_BUFFER_BYTES = 4096


class RawClient:
    """A bare socket, with or without a completed WebSocket handshake."""

    def __init__(self, raw: socket.socket) -> None:
        self._raw = raw
        self._file = raw.makefile("rb")

    def frame(self) -> tuple[int, bytes]:
        """Opcode and payload of the next frame."""
        first, second = self._read_exactly(2)
        size = second & 127
        if size == 126:
            (size,) = struct.unpack("!H", self._read_exactly(2))
        elif size == 127:
            (size,) = struct.unpack("!Q", self._read_exactly(8))
        return first & 15, self._read_exactly(size)

    def messages(self) -> Iterator[dict[str, Any]]:
        """The messages until the connection ends; the last item is the close code, as `{"close": code}`."""
        while True:
            try:
                opcode, payload = self.frame()
            except (EOFError, ConnectionResetError):
                return
            if opcode == 8:
                yield {"close": struct.unpack("!H", payload[:2])[0]}
                return
            if opcode == 1:
                yield validated(payload)

    def send(self, data: bytes) -> None:
        """Send `data` unchanged; does nothing if the server has closed the connection."""
        with suppress(ConnectionError):
            self._raw.sendall(data)

    def close(self) -> None:
        """Close the socket without a closing handshake."""
        self._file.close()
        self._raw.close()

    def send_eof(self) -> None:
        """Close the sending side only."""
        with suppress(OSError):
            self._raw.shutdown(socket.SHUT_WR)

    def read_all(self) -> bytes:
        """All bytes up to the end of the connection."""
        with suppress(ConnectionResetError):
            return self._file.read()
        return b""

    def is_eof(self) -> bool:
        """Wait for the end of the connection; return whether nothing was received before it."""
        return self.read_all() == b""

    def flood(self, data: bytes, times: int) -> int:
        """Send `data` up to `times` times; return how often it was sent before the server closed the connection."""
        for sent in range(times):
            try:
                self._raw.sendall(data)
                time.sleep(0.001)
            except ConnectionError:
                return sent
        return times

    def _read_exactly(self, size: int) -> bytes:
        data = self._file.read(size)
        if len(data) < size:
            raise EOFError
        return data


@contextmanager
def raw_client(address: str, path: str = "/ws/feed", headers: str = "") -> Iterator[RawClient]:
    """Connect with a small receive buffer and complete the handshake; `headers` are extra header lines."""
    host, port = address.split(":")
    with socket.socket() as raw:
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BUFFER_BYTES)
        raw.settimeout(20)
        raw.connect((host, int(port)))
        raw.sendall(
            f"GET {path} HTTP/1.1\r\nHost: {address}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            f"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n{headers}\r\n".encode()
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
