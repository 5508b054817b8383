"""Door: callers who do not say what they want are not waited for, and heads have a limit.

uvicorn waits for ever for a request to begin or to end, and takes headers of any length.
"""

import asyncio
from typing import Any, cast

import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.server import ServerState

from api.resources import Resources

HEAD_BYTES_MAX = 32 * 1024
_TOO_LATE = b"HTTP/1.1 408 Request Timeout\r\nconnection: close\r\ncontent-length: 0\r\n\r\n"
_TOO_LARGE = b"HTTP/1.1 431 Request Header Fields Too Large\r\nconnection: close\r\ncontent-length: 0\r\n\r\n"


class Door(HttpToolsProtocol):
    """uvicorn's HTTP, with an eye on the clock. It adds no timer: one sweep looks after all."""

    def __init__(
        self,
        config: uvicorn.Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        super().__init__(config, server_state, app_state, _loop)
        self._resources: Resources = cast(Any, config.app).state.resources
        self._head_bytes = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Somebody calls."""
        super().connection_made(cast(asyncio.Transport, transport))
        self._wait()

    def connection_lost(self, exc: Exception | None) -> None:
        """It left."""
        self._resources.callers.pop(self, None)
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """A part of a request."""
        if self in self._resources.callers:
            self._head_bytes += len(data)
            if self._head_bytes > HEAD_BYTES_MAX + self._resources.settings.message_bytes_max:
                self._refuse(_TOO_LARGE)
                return
        super().data_received(data)

    def on_message_begin(self) -> None:
        """Its first byte."""
        self._wait()
        super().on_message_begin()

    def on_message_complete(self) -> None:
        """Its last byte."""
        self._done()
        super().on_message_complete()

    def handle_websocket_upgrade(self) -> None:
        """It is a WebSocket from here on."""
        self._done()
        super().handle_websocket_upgrade()

    def give_up(self) -> None:
        """It took too long."""
        self._refuse(_TOO_LATE)

    def _wait(self) -> None:
        self._resources.callers.setdefault(self, self._resources.steady_s())

    def _done(self) -> None:
        self._head_bytes = 0
        self._resources.callers.pop(self, None)

    def _refuse(self, answer: bytes) -> None:
        self._done()
        if not self.transport.is_closing():
            if self.cycle is None or self.cycle.response_complete:
                self.transport.write(answer)
            self.transport.close()
