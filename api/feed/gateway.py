"""Gateway: WebSockets as an ASGI endpoint, for servers that cannot use `api.websocket.protocol`.

Hub, session and messages are the same; the transport differs, and costs two tasks per client.
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
    """The route of all WebSocket endpoints."""
    return WebSocketRoute("/{path:path}", _endpoint, name="gateway")


async def _endpoint(websocket: WebSocket) -> None:
    resources: Resources = websocket.app.state.resources
    address = websocket.client.host if websocket.client else None
    path, query = websocket.scope["path"], websocket.scope["query_string"]
    head = RequestHead(path, query, websocket.headers, address, caller=websocket.state.caller)
    try:
        admission = await admit(head, resources)
    except ProblemError as problem:
        response = problem_response(
            problem.kind, problem.detail, websocket.state.request_id, faults=problem.faults, headers=problem.headers
        )
        with suppress(OSError):  # the client left before it was refused
            await websocket.send_denial_response(response)
        return
    with suppress(OSError):  # the client left before it was accepted
        await _Connection(websocket, resources, admission).run()


class _Connection:
    """One connection, from its admission to its end."""

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
        """Accept, and serve until either side ends it. It joins the hub first, so that it counts towards the limits."""
        self._hub.join(self._client, self._admission.channels, self._admission.filter)
        try:
            await self._websocket.accept(subprotocol_of(self._websocket.headers))
            await self._serve()
        finally:
            self._session.end()
            self._hub.leave(self._client)

    async def _serve(self) -> None:
        sender = self._queue.sender = tasks.spawn("sender", self._send())
        receiver = tasks.spawn("receiver", self._receive())
        try:
            await asyncio.wait((sender, receiver), return_when=asyncio.FIRST_COMPLETED)
        finally:
            await tasks.stop((sender, receiver))

    async def _receive(self) -> None:
        """Pass on the messages of the client until it disconnects."""
        while (message := await self._websocket.receive())["type"] != "websocket.disconnect":
            if self._client.closing is not None:
                continue
            if (text := message.get("text")) is None:
                self._session.receive_binary()
            else:
                self._session.receive_text(text.encode())
            await self._may_read.wait()

    async def _send(self) -> None:
        """Send what is queued until the connection is to be closed, then close it."""
        with suppress(WebSocketDisconnect, WebSocketDisconnected, OSError):
            async for chunk in self._queue.chunks():
                for line in chunk.decode().split("\n")[:-1]:
                    await self._websocket.send_text(line)
            if self._queue.closing is not None:
                await self._websocket.close(*self._queue.closing)
