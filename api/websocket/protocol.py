"""Protocol: a WebSocket as uvicorn's protocol class, without ASGI between the hub and the socket.

uvicorn hands over the transport and the head of the request that asked for the upgrade. Nothing runs for a
connection that says nothing: there is no task, no timer and no queue.
"""

import asyncio
import logging
from typing import Any, cast
from uuid import uuid4

import uvicorn
from uvicorn.protocols.utils import get_remote_addr
from uvicorn.server import ServerState

from api import tasks
from api.errors import INTERNAL, UNAVAILABLE, ProblemError, problem_response
from api.feed.admission import Admission, RequestHead, admit
from api.feed.client import Client
from api.feed.messages import CLOSE_RESTARTING
from api.feed.session import Session
from api.feed.wire_format import WireFormat
from api.resources import Resources
from api.rest.middleware import request_id_of
from api.security.credentials import subprotocol_of
from api.security.headers import protected
from api.websocket import handshake
from api.websocket.deflate import negotiate
from api.websocket.frames import NO_STATUS_RECEIVED, NORMAL, Opcode, close_frame, frame
from api.websocket.handshake import END, Upgrade
from api.websocket.parser import FrameError, Parser

HIGH_WATER = 64 * 1024
"""What may wait in this process for one socket; a client with more is left alone until it took some."""
LOW_WATER = 16 * 1024
_HEAD_BYTES_MAX = 64 * 1024
_PING = frame(b"", Opcode.PING)

log = logging.getLogger(__name__)


class WebSocketProtocol(asyncio.Protocol):
    """One connection, from its handshake to its end.

    Parameters
    ----------
    config
        Of uvicorn; its application carries our resources.
    server_state
        uvicorn's list of connections, which it closes when it stops.
    app_state
        Not used.
    """

    __slots__ = (
        "_broken",
        "_early",
        "_is_asked",
        "_parser",
        "_resources",
        "_said_goodbye",
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
        app_state: dict[str, Any],  # noqa: ARG002  part of the form of such a class
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        application = cast(Any, config.app)
        self._resources: Resources = application.state.resources
        self._state = server_state
        self._early = b""
        self._is_asked = False
        self._parser: Parser | None = None
        self._session: Session | None = None
        self._said_goodbye = False
        self._broken = False
        self.client: Client | None = None
        self.wire_format = WireFormat.FRAME
        self.transport: asyncio.Transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take the socket from uvicorn."""
        self.transport = cast(asyncio.Transport, transport)
        self.write = self.transport.write
        self._state.connections.add(self)  # type: ignore[arg-type]  # uvicorn knows only its own classes

    def connection_lost(self, error: Exception | None) -> None:  # noqa: ARG002  why does not matter
        """The socket is gone."""
        self._state.connections.discard(self)
        self._leave()

    def data_received(self, data: bytes) -> None:
        """Bytes of the head, or of frames."""
        if self._parser is None:
            self._read_head(data)
            return
        client = self.client
        if client is None or self._broken:
            return
        client.last_received_s, client.pinged = self._resources.steady_s(), False
        try:
            for opcode, payload, code in self._parser.feed(data):
                if not self._said_goodbye or opcode == Opcode.CLOSE:
                    self._hear(opcode, payload, code)
                if self.client is None:
                    return
        except FrameError as problem:
            self._fail(problem)

    def pause_writing(self) -> None:
        """The transport holds more than `HIGH_WATER`."""
        if self.client is not None:
            self._resources.hub.pause_writing(self.client)

    def resume_writing(self) -> None:
        """It holds less than `LOW_WATER`."""
        if self.client is not None:
            self._resources.hub.resume_writing(self.client)

    def shutdown(self) -> None:
        """Say that the server restarts."""
        if self.client is not None:
            self._resources.hub.close(self.client, CLOSE_RESTARTING, "the server restarts")
        else:
            self._refuse(ProblemError(UNAVAILABLE, "the server restarts; come back"), uuid4().hex)

    def ping(self) -> None:
        """Ask whether the other side is there."""
        self.write(_PING)

    def close(self, code: int, reason: str) -> None:
        """Begin the closing handshake; the client's answer, or the hub's patience, ends it."""
        self._said_goodbye = True
        self.write(close_frame(code, reason))

    def abort(self) -> None:
        """Cut the connection."""
        self.transport.abort()

    def _read_head(self, data: bytes) -> None:
        """The head, and what a hasty client says before it has our answer."""
        self._early += data
        if len(self._early) > _HEAD_BYTES_MAX:
            self.transport.abort()
        elif not self._is_asked and END in self._early:
            self._is_asked = True
            head, _, self._early = self._early.partition(END)
            address = get_remote_addr(self.transport)
            asked = handshake.read(head, address[0] if address else None)
            task = tasks.spawn("handshake", self._shake_hands(asked))
            self._state.tasks.add(task)
            task.add_done_callback(self._state.tasks.discard)

    async def _shake_hands(self, head: RequestHead) -> None:
        request_id = request_id_of(head.headers.get("x-request-id", ""))
        try:
            upgrade = handshake.check(head)
            admission = await admit(head, self._resources)
        except ProblemError as problem:
            self._refuse(problem, request_id)
        except Exception:
            log.exception("handshake_failed request=%s path=%r", request_id, head.path)
            self._refuse(ProblemError(INTERNAL, "the error was logged with the id in instance"), request_id)
        else:
            if not self.transport.is_closing():
                self._begin(upgrade, admission)

    def _refuse(self, problem: ProblemError, request_id: str) -> None:
        if self.transport.is_closing():
            return
        response = problem_response(
            problem.kind, problem.detail, request_id, faults=problem.faults, headers=problem.headers
        )
        response.headers["X-Request-ID"] = request_id
        response.raw_headers = protected(response.raw_headers, behind_tls=self._resources.gate.settings.behind_tls)
        self.write(handshake.refusal(response))
        self.transport.close()

    def _begin(self, upgrade: Upgrade, admission: Admission) -> None:
        resources, head = self._resources, upgrade.head
        extensions = negotiate(upgrade.offers)
        self.wire_format = WireFormat.FRAME if extensions is None else WireFormat.DEFLATED
        self._parser = Parser(resources.settings.message_bytes_max, deflated=extensions is not None)
        self.transport.set_write_buffer_limits(HIGH_WATER, LOW_WATER)
        self.write(handshake.acceptance(upgrade, extensions, subprotocol_of(head.headers)))
        self.client = Client(
            resources.hub.ring,
            self,
            address=admission.address,
            last_received_s=resources.steady_s(),
            principal=admission.principal,
        )
        resources.hub.join(self.client, admission.channels, admission.filter)
        early, self._early = self._early, b""
        if early:
            self.data_received(early)

    def _hear(self, opcode: Opcode, payload: bytes, code: int) -> None:
        if self.client is None or opcode == Opcode.PONG:
            return
        if opcode == Opcode.PING:
            self._resources.hub.write(self.client, frame(payload, Opcode.PONG))
        elif opcode == Opcode.CLOSE:
            self._answer_close(code)
        else:
            if self._session is None:
                self._session = Session(
                    self.client, self._resources, pause_reading=self._pause_reading, resume_reading=self._resume_reading
                )
            if opcode == Opcode.TEXT:
                self._session.receive_text(payload)
            else:
                self._session.receive_binary()

    def _answer_close(self, code: int) -> None:
        if not self._said_goodbye:
            self.write(close_frame(NORMAL if code == NO_STATUS_RECEIVED else code))
        self._leave()
        self.transport.close()

    def _fail(self, problem: FrameError) -> None:
        """After a broken frame nothing can be read: say so, and wait for the other side to leave.

        To close a socket on unread bytes would take back what was said last.
        """
        self._broken = True
        if self.client is not None:
            self._resources.hub.close(self.client, problem.code, problem.reason)
        self.transport.write_eof()

    def _pause_reading(self) -> None:
        self.transport.pause_reading()

    def _resume_reading(self) -> None:
        if not self.transport.is_closing():
            self.transport.resume_reading()

    def _leave(self) -> None:
        client, self.client = self.client, None
        if client is not None:
            self._resources.hub.leave(client)
        if self._session is not None:
            self._session.end()
            self._session = None
