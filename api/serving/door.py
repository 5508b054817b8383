"""Door: callers who do not say what they want are not waited for, and heads have a limit.

uvicorn waits for ever for a request to begin or to end, and takes addresses and headers of any length.
Whoever is refused here is told so as everywhere else, by a problem.
"""

import asyncio
from typing import Any, cast
from uuid import uuid4

import uvicorn
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol
from uvicorn.server import ServerState

from api.errors import ADDRESS_TOO_LONG, HEADERS_TOO_LARGE, MALFORMED, TIMED_OUT, Kind, problem_response
from api.resources import Resources
from api.security.headers import protected

HEAD_BYTES_MAX = 32 * 1024
ADDRESS_BYTES_MAX = 8 * 1024


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
        self._address_bytes = 0

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
                self._refuse(HEADERS_TOO_LARGE, f"more than {HEAD_BYTES_MAX} bytes before its end")
                return
        super().data_received(data)

    def send_400_response(self, msg: str) -> None:
        """It is not HTTP, or not any more."""
        if self._address_bytes > ADDRESS_BYTES_MAX:
            self._refuse(ADDRESS_TOO_LONG, f"more than {ADDRESS_BYTES_MAX} bytes")
        else:
            self._refuse(MALFORMED, msg)

    def on_message_begin(self) -> None:
        """Its first byte."""
        self._wait()
        self._address_bytes = 0
        super().on_message_begin()

    def on_url(self, url: bytes) -> None:
        """A part of its address."""
        self._address_bytes += len(url)
        if self._address_bytes > ADDRESS_BYTES_MAX:
            raise ValueError("the address is too long")  # which ends the parser
        super().on_url(url)

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
        self._refuse(TIMED_OUT, "send the whole request at once")

    def _wait(self) -> None:
        self._resources.callers.setdefault(self, self._resources.steady_s())

    def _done(self) -> None:
        self._head_bytes = 0
        self._resources.callers.pop(self, None)

    def _refuse(self, kind: Kind, detail: str) -> None:
        self._done()
        if not self.transport.is_closing():
            if self.cycle is None or self.cycle.response_complete:
                self.transport.write(self._problem(kind, detail))
            elif not self.cycle.response_started and not self.pipeline:
                self.transport.write(self._problem(kind, detail))
                self.cycle.disconnected = True  # what its handler says comes too late
            self.transport.close()

    def _problem(self, kind: Kind, detail: str) -> bytes:
        """A whole answer, where there is no request to answer to."""
        request_id = uuid4().hex
        told = problem_response(kind, detail, request_id, headers={"X-Request-ID": request_id, "Connection": "close"})
        headers = protected(told.raw_headers, behind_tls=self._resources.gate.settings.behind_tls)
        head = b"".join(b"%b: %b\r\n" % header for header in headers)
        return STATUS_LINE[kind.status] + head + b"\r\n" + bytes(told.body)
