"""Gateway: the WebSocket under any ASGI server, for those that cannot take a protocol of ours.

The same session, hub and words as `api.websocket.protocol`; only what carries them differs, and costs
two tasks a client.
"""

import asyncio
from contextlib import suppress

from starlette.routing import WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect, WebSocketDisconnected

from api import tasks
from api.errors import ProblemError, problem_response
from api.feed.admission import Admission, RequestHead, admit
from api.feed.client import Client
from api.feed.send_queue import SendQueue
from api.feed.session import Session
from api.feed.wire_format import WireFormat
from api.resources import Resources
from api.security.credentials import subprotocol_of


def gateway_route() -> WebSocketRoute:
    """All WebSockets."""
    return WebSocketRoute("/{path:path}", _endpoint, name="gateway")


async def _endpoint(websocket: WebSocket) -> None:
    resources: Resources = websocket.app.state.resources
    address = websocket.client.host if websocket.client else None
    path, query = websocket.scope["path"], websocket.scope["query_string"]
    head = RequestHead(path, query, websocket.headers, address, visitor=websocket.state.visitor)
    try:
        admission = await admit(head, resources)
    except ProblemError as problem:
        answer = problem_response(
            problem.kind, problem.detail, websocket.state.request_id, faults=problem.faults, headers=problem.headers
        )
        with suppress(OSError):  # it left before it was refused
            await websocket.send_denial_response(answer)
        return
    with suppress(OSError):  # it left before it was let in
        await _Connection(websocket, resources, admission).run()


class _Connection:
    """One connection from its greeting to its end."""

    def __init__(self, websocket: WebSocket, resources: Resources, admission: Admission) -> None:
        self._websocket = websocket
        self._hub = resources.hub
        self._admission = admission
        self._queue = SendQueue(resources.hub, WireFormat.LINE)
        self._client = self._queue.client = Client(
            resources.hub.ring, self._queue, address=admission.address, principal=admission.principal
        )
        self._may_read = asyncio.Event()
        self._may_read.set()
        self._session = Session(
            self._client, resources, pause_reading=self._may_read.clear, resume_reading=self._may_read.set
        )

    async def run(self) -> None:
        """Accept, and serve until either side ends it; it has its place from the moment it was admitted."""
        self._hub.join(self._client, self._admission.channels, self._admission.filter)
        try:
            await self._websocket.accept(subprotocol_of(self._websocket.headers))
            await self._serve()
        finally:
            self._session.end()
            self._hub.leave(self._client)

    async def _serve(self) -> None:
        sender = self._queue.sender = tasks.spawn("sender", self._send())
        reader = tasks.spawn("reader", self._read())
        try:
            await asyncio.wait((sender, reader), return_when=asyncio.FIRST_COMPLETED)
        finally:
            await tasks.stop((sender, reader))

    async def _read(self) -> None:
        """Hear the client until it leaves."""
        while (message := await self._websocket.receive())["type"] != "websocket.disconnect":
            if self._client.closing is not None:
                continue
            if (text := message.get("text")) is None:
                self._session.receive_binary()
            else:
                self._session.receive_text(text.encode())
            await self._may_read.wait()

    async def _send(self) -> None:
        """Send what there is until the connection is to be closed, then close it."""
        with suppress(WebSocketDisconnect, WebSocketDisconnected, OSError):
            async for data in self._queue.taken():
                for line in data.decode().split("\n")[:-1]:
                    await self._websocket.send_text(line)
            if self._queue.closing is not None:
                await self._websocket.close(*self._queue.closing)
