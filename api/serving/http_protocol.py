"""HTTP protocol: uvicorn's, with limits on the size of a request head and a deadline for receiving a request.

uvicorn waits without limit for a request to begin or to end, and accepts URLs and headers of any length. A
connection that is refused here is answered with a problem (RFC 9457), as everywhere else.
"""

import asyncio
from typing import Any, cast
from uuid import uuid4

import uvicorn
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol
from uvicorn.server import ServerState

from api.errors import ADDRESS_TOO_LONG, HEADERS_TOO_LARGE, MALFORMED, TIMED_OUT, ProblemType, problem_response
from api.resources import Resources
from api.security.headers import with_security_headers

HEAD_BYTES_MAX = 32 * 1024
URL_BYTES_MAX = 8 * 1024


class HttpProtocol(HttpToolsProtocol):
    """One HTTP connection.

    The deadline needs no timer per connection: `Resources.incomplete_requests` holds the time at which each
    wait began, and one periodic task calls `time_out` on those that are late.
    """

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
        self._url_bytes = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Start waiting for the first request."""
        super().connection_made(cast(asyncio.Transport, transport))
        self._start_deadline()

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the connection."""
        self._resources.incomplete_requests.pop(self, None)
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Parse part of a request, unless it exceeds the limit."""
        if self in self._resources.incomplete_requests:
            self._head_bytes += len(data)
            if self._head_bytes > HEAD_BYTES_MAX + self._resources.settings.message_bytes_max:
                self._refuse(HEADERS_TOO_LARGE, f"more than {HEAD_BYTES_MAX} bytes; send fewer or shorter headers")
                return
        super().data_received(data)

    def send_400_response(self, msg: str) -> None:
        """Answer a request that the parser rejected."""
        if self._url_bytes > URL_BYTES_MAX:
            self._refuse(ADDRESS_TOO_LONG, f"more than {URL_BYTES_MAX} bytes; shorten the query")
        else:
            self._refuse(MALFORMED, msg)

    def on_message_begin(self) -> None:
        """Start the deadline of a request at its first byte."""
        self._start_deadline()
        self._url_bytes = 0
        super().on_message_begin()

    def on_url(self, url: bytes) -> None:
        """Count the bytes of the URL, which may arrive in several parts."""
        self._url_bytes += len(url)
        if self._url_bytes > URL_BYTES_MAX:
            raise ValueError("the URL is too long")  # ends the parser, which calls send_400_response
        super().on_url(url)

    def on_message_complete(self) -> None:
        """End the deadline of a request at its last byte."""
        self._end_deadline()
        super().on_message_complete()

    def handle_websocket_upgrade(self) -> None:
        """Hand the connection over to the WebSocket protocol."""
        self._end_deadline()
        super().handle_websocket_upgrade()

    def time_out(self) -> None:
        """Answer 408 and close: the request was not complete in time."""
        self._refuse(TIMED_OUT, f"not complete after {self._resources.settings.head_s:g} s; send it without pauses")

    def _start_deadline(self) -> None:
        self._resources.incomplete_requests.setdefault(self, self._resources.steady_s())

    def _end_deadline(self) -> None:
        self._head_bytes = 0
        self._resources.incomplete_requests.pop(self, None)

    def _refuse(self, kind: ProblemType, detail: str) -> None:
        self._end_deadline()
        if not self.transport.is_closing():
            if self.cycle is None or self.cycle.response_complete:
                self.transport.write(self._problem(kind, detail))
            elif not self.cycle.response_started and not self.pipeline:
                self.transport.write(self._problem(kind, detail))
                self.cycle.disconnected = True  # discards the response of its handler
            self.transport.close()

    def _problem(self, kind: ProblemType, detail: str) -> bytes:
        """A complete response, without an ASGI request to respond to."""
        request_id = uuid4().hex
        response = problem_response(
            kind, detail, request_id, headers={"X-Request-ID": request_id, "Connection": "close"}
        )
        headers = with_security_headers(response.raw_headers, behind_tls=self._resources.access.settings.behind_tls)
        head = b"".join(b"%b: %b\r\n" % header for header in headers)
        return STATUS_LINE[kind.status] + head + b"\r\n" + bytes(response.body)
