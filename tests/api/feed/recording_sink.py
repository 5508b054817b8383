"""A sink that records what is written to it, and blocks at a given capacity."""

import json
from typing import Any

from api.feed.client import Client
from api.feed.hub import Hub
from api.feed.wire_format import WireFormat


class RecordingSink:
    """A client and what was written to it.

    Parameters
    ----------
    capacity
        Bytes after which it is blocked, until `drain`.
    """

    def __init__(self, hub: Hub, capacity: float = float("inf"), wire_format: WireFormat = WireFormat.LINE) -> None:
        self.wire_format = wire_format
        self.client = Client(hub.ring, self)
        self.closed: tuple[int, str] | None = None
        self.aborted = False
        self.writes: list[bytes] = []
        self._hub = hub
        self._capacity = capacity
        self._buffered = 0

    def write(self, data: bytes) -> None:
        assert self.client.blocked_since_s is None, "written to while blocked"
        self.writes.append(data)
        self._buffered += len(data)
        if self._buffered > self._capacity:
            self._hub.pause_writing(self.client)

    def drain(self) -> None:
        """Empty the buffer, as a socket does that was read from."""
        self._buffered = 0
        self._hub.resume_writing(self.client)

    def ping(self) -> None:
        self.writes.append(b"ping")

    def close(self, code: int, reason: str) -> None:
        self.closed = (code, reason)

    def abort(self) -> None:
        self.aborted = True

    def take(self) -> list[dict[str, Any]]:
        """The messages written since the last call."""
        data, self.writes = b"".join(self.writes), []
        return [json.loads(line) for line in data.splitlines()]
