"""A sink that keeps what it is given, and is full when it is told to be."""

import json
from typing import Any

from api.feed.client import Client
from api.feed.hub import Hub
from api.feed.wire_format import WireFormat


class RecordingSink:
    """What a client was sent, as messages.

    Parameters
    ----------
    room
        Bytes after which it is full.
    """

    def __init__(self, hub: Hub, room: float = float("inf"), wire_format: WireFormat = WireFormat.LINE) -> None:
        self.wire_format = wire_format
        self.client = Client(hub.ring, self)
        self.closed: tuple[int, str] | None = None
        self.cut = False
        self.writes: list[bytes] = []
        self._hub = hub
        self._room = room
        self._held = 0

    def write(self, data: bytes) -> None:
        assert self.client.blocked_since_s is None, "written to while full"
        self.writes.append(data)
        self._held += len(data)
        if self._held > self._room:
            self._hub.pause_writing(self.client)

    def drain(self) -> None:
        """What was written has gone."""
        self._held = 0
        self._hub.resume_writing(self.client)

    def ping(self) -> None:
        self.writes.append(b"ping")

    def close(self, code: int, reason: str) -> None:
        self.closed = (code, reason)

    def abort(self) -> None:
        self.cut = True

    def take(self) -> list[dict[str, Any]]:
        """The messages since the last time."""
        data, self.writes = b"".join(self.writes), []
        return [json.loads(line) for line in data.splitlines()]
