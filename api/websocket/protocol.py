"""Protocol: a WebSocket connection as uvicorn's protocol class, without ASGI between the hub and the socket.

uvicorn passes the transport and the head of the upgrade request. An idle connection has no task, no timer and
no queue.
"""

import asyncio
import logging
from typing import Any, cast
from uuid import uuid4

import uvicorn
from uvicorn.protocols.utils import get_remote_addr
from uvicorn.server import ServerState

from api import tasks
from api.errors import INTERNAL, INTERNAL_DETAIL, UNAVAILABLE, ProblemError, problem_response
from api.feed.admission import Admission, RequestHead, admit
from api.feed.client import Client
from api.feed.messages import CLOSE_RESTARTING
from api.feed.session import Session
from api.feed.wire_format import WireFormat
from api.resources import Resources
from api.rest.middleware import request_id_of
from api.security.credentials import subprotocol_of
from api.security.headers import with_security_headers
from api.websocket import handshake
from api.websocket.deflate import negotiate
from api.websocket.frames import NO_STATUS_RECEIVED, NORMAL, Opcode, close_frame, frame
from api.websocket.handshake import END_OF_HEAD, UpgradeRequest
from api.websocket.parser import FrameError, Parser

HIGH_WATER_BYTES = 64 * 1024
"""How much may be buffered in this process for one socket before writing to it pauses."""
LOW_WATER_BYTES = 16 * 1024
"""How little must be left of that before writing resumes."""
_HEAD_BYTES_MAX = 64 * 1024
_PING = frame(b"", Opcode.PING)

log = logging.getLogger(__name__)


class WebSocketProtocol(asyncio.Protocol):
    """One connection, from its handshake to its close.

    Parameters
    ----------
    config
        uvicorn's configuration; the state of its application holds the resources.
    server_state
        uvicorn's connections and tasks, which it closes and awaits when it stops.
    app_state
        Not used.
    """

    __slots__ = (
        "_buffer",
        "_close_sent",
        "_has_failed",
        "_is_head_complete",
        "_parser",
        "_resources",
        "_session",
        "_state",
        "client",
        "transport",
        "wire_format",
        "write",
    )

    def __init__(
        self,
        config: uvicorn.Config,
        server_state: ServerState,
        app_state: dict[str, Any],  # noqa: ARG002  uvicorn passes it
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        application = cast(Any, config.app)
        self._resources: Resources = application.state.resources
        self._state = server_state
        self._buffer = b""
        self._is_head_complete = False
        self._parser: Parser | None = None
        self._session: Session | None = None
        self._close_sent = False
        self._has_failed = False
        self.client: Client | None = None
        self.wire_format = WireFormat.FRAME
        self.transport: asyncio.Transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take over the transport."""
        self.transport = cast(asyncio.Transport, transport)
        self.write = self.transport.write
        self._state.connections.add(self)  # type: ignore[arg-type]  # typed with uvicorn's own classes

    def connection_lost(self, error: Exception | None) -> None:  # noqa: ARG002  the reason does not matter
        """Release all that belongs to the connection."""
        self._state.connections.discard(self)
        self._release_client()

    def data_received(self, data: bytes) -> None:
        """Read the request head, then frames."""
        if self._parser is None:
            self._read_head(data)
            return
        client = self.client
        if client is None or self._has_failed:
            return
        client.last_received_s, client.pinged = self._resources.steady_s(), False
        try:
            for opcode, payload, code in self._parser.feed(data):
                if not self._close_sent or opcode == Opcode.CLOSE:
                    self._handle(opcode, payload, code)
                if self.client is None:
                    return
        except FrameError as problem:
            self._fail(problem)

    def pause_writing(self) -> None:
        """Stop writing: the transport buffers more than `HIGH_WATER_BYTES`."""
        if self.client is not None:
            self._resources.hub.pause_writing(self.client)

    def resume_writing(self) -> None:
        """Resume writing: the transport buffers less than `LOW_WATER_BYTES`."""
        if self.client is not None:
            self._resources.hub.resume_writing(self.client)

    def shutdown(self) -> None:
        """Close the connection because the server stops; uvicorn calls this."""
        if self.client is not None:
            self._resources.hub.close(self.client, CLOSE_RESTARTING, "the server restarts")
        else:
            self._refuse(ProblemError(UNAVAILABLE, "the server restarts; try again shortly"), uuid4().hex)

    def ping(self) -> None:
        """Send a ping, to check that the client is still there."""
        self.write(_PING)

    def close(self, code: int, reason: str) -> None:
        """Start the closing handshake; the client's close frame completes it, or the hub aborts it after a timeout."""
        self._close_sent = True
        self.write(close_frame(code, reason))

    def abort(self) -> None:
        """Drop the connection at once."""
        self.transport.abort()

    def _read_head(self, data: bytes) -> None:
        """Collect the request head, and frames that a client sends before it has the response."""
        self._buffer += data
        if len(self._buffer) > _HEAD_BYTES_MAX:
            self.transport.abort()
        elif not self._is_head_complete and END_OF_HEAD in self._buffer:
            self._is_head_complete = True
            head, _, self._buffer = self._buffer.partition(END_OF_HEAD)
            address = get_remote_addr(self.transport)
            request = handshake.parse_head(head, address[0] if address else None)
            task = tasks.spawn("handshake", self._complete_handshake(request))
            self._state.tasks.add(task)
            task.add_done_callback(self._state.tasks.discard)

    async def _complete_handshake(self, head: RequestHead) -> None:
        request_id = request_id_of(head.headers.get("x-request-id", ""))
        try:
            upgrade = handshake.validate(head)
            admission = await admit(head, self._resources)
        except ProblemError as problem:
            self._refuse(problem, request_id)
        except Exception:
            log.exception("handshake_failed request=%s path=%r", request_id, head.path)
            self._refuse(ProblemError(INTERNAL, INTERNAL_DETAIL), request_id)
        else:
            if not self.transport.is_closing():
                self._open(upgrade, admission)

    def _refuse(self, problem: ProblemError, request_id: str) -> None:
        if self.transport.is_closing():
            return
        response = problem_response(
            problem.kind, problem.detail, request_id, faults=problem.faults, headers=problem.headers
        )
        response.headers["X-Request-ID"] = request_id
        response.raw_headers = with_security_headers(
            response.raw_headers, behind_tls=self._resources.access.settings.behind_tls
        )
        self.write(handshake.reject_response(response))
        self.transport.close()

    def _open(self, upgrade: UpgradeRequest, admission: Admission) -> None:
        resources, head = self._resources, upgrade.head
        extensions = negotiate(upgrade.extensions)
        self.wire_format = WireFormat.FRAME if extensions is None else WireFormat.DEFLATED
        self._parser = Parser(resources.settings.message_bytes_max, deflated=extensions is not None)
        self.transport.set_write_buffer_limits(HIGH_WATER_BYTES, LOW_WATER_BYTES)
        self.write(handshake.accept_response(upgrade, extensions, subprotocol_of(head.headers)))
        self.client = Client(
            resources.hub.ring,
            self,
            address=admission.address,
            last_received_s=resources.steady_s(),
            principal=admission.principal,
        )
        resources.hub.join(self.client, admission.channels, admission.filter)
        frames, self._buffer = self._buffer, b""
        if frames:
            self.data_received(frames)

    def _handle(self, opcode: Opcode, payload: bytes, code: int) -> None:
        if self.client is None or opcode == Opcode.PONG:
            return
        if opcode == Opcode.PING:
            self._resources.hub.write(self.client, frame(payload, Opcode.PONG))
        elif opcode == Opcode.CLOSE:
            self._handle_close(code)
        else:
            if self._session is None:  # most clients never send a command
                self._session = Session(
                    self.client, self._resources, pause_reading=self._pause_reading, resume_reading=self._resume_reading
                )
            if opcode == Opcode.TEXT:
                self._session.receive_text(payload)
            else:
                self._session.receive_binary()

    def _handle_close(self, code: int) -> None:
        if not self._close_sent:
            self.write(close_frame(NORMAL if code == NO_STATUS_RECEIVED else code))
        self._release_client()
        self.transport.close()

    def _fail(self, problem: FrameError) -> None:
        """Send the close code of a protocol violation, and wait for the client to close the connection.

        Closing a socket with unread bytes would reset the connection, and the close frame could be lost.
        """
        self._has_failed = True
        if self.client is not None:
            self._resources.hub.close(self.client, problem.code, problem.reason)
        self.transport.write_eof()

    def _pause_reading(self) -> None:
        self.transport.pause_reading()

    def _resume_reading(self) -> None:
        if not self.transport.is_closing():
            self.transport.resume_reading()

    def _release_client(self) -> None:
        client, self.client = self.client, None
        if client is not None:
            self._resources.hub.leave(client)
        if self._session is not None:
            self._session.end()
            self._session = None
