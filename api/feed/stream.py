"""Stream: a channel of the feed as server-sent events, for clients without WebSocket.

`GET /api/v1/stream/{channel}`, with the filters of the REST lists as query parameters. The id of an event is its
position, so a client that reconnects with `Last-Event-ID` receives what it missed, or a `gap`.
"""

import asyncio
import re
from contextlib import suppress

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from api import tasks
from api.errors import INVALID_PARAMETER, METHOD_NOT_ALLOWED, NOT_FOUND, Fault, ProblemError
from api.feed.admission import RequestHead, admit
from api.feed.channel_messages import MESSAGE_TYPES
from api.feed.client import Client
from api.feed.filters import ANY
from api.feed.messages import Since, Subscribe
from api.feed.send_queue import SendQueue
from api.feed.wire_format import WireFormat
from api.resources import Resources

PATH = "/api/v1/stream/{channel}"
RETRY_MS = 2000
"""Delay before clients reconnect."""
_POSITION = re.compile(r"([\x21-\x7e]{1,64}):(0|[1-9][0-9]{0,17})")


def stream_route() -> Route:
    """The route of all event streams."""
    return Route(PATH, _endpoint, methods=["GET"], name="stream")


async def _endpoint(request: Request) -> Response:
    if request.method != "GET":
        raise ProblemError(
            METHOD_NOT_ALLOWED, f"{request.method} is not supported for streams; use GET", headers={"Allow": "GET"}
        )
    resources: Resources = request.app.state.resources
    channel = request.path_params["channel"]
    if channel not in MESSAGE_TYPES:
        raise ProblemError(NOT_FOUND, f"there is no such channel; the channels are {', '.join(MESSAGE_TYPES)}")
    address = request.client.host if request.client else None
    query, caller = request.scope["query_string"], request.state.caller
    head = RequestHead(request.url.path, query, request.headers, address, caller=caller)
    admission = await admit(head, resources, (channel,))
    since = _since(request.headers.get("last-event-id"))
    hub, queue = resources.hub, SendQueue(resources.hub, WireFormat.EVENT)
    client = queue.client = Client(hub.ring, queue, address=admission.address, principal=admission.principal)
    hub.join(client, (), ANY)
    try:
        rest = resources.resume.subscribe(client, Subscribe(channel, filter=admission.filter, since=since))
        if rest is not None:
            await rest
    except BaseException:
        hub.leave(client)
        raise
    return _EventStream(resources, queue, client)


def _since(last_event_id: str | None) -> Since | None:
    if last_event_id is None:
        return None
    match = _POSITION.fullmatch(last_event_id)
    if match is None:
        fault = Fault("Last-Event-ID", "send the id of an event unchanged")
        raise ProblemError(INVALID_PARAMETER, f"{fault.name}: {fault.detail}", [fault])
    return Since(match[1], int(match[2]))


class _EventStream(Response):
    """A response that streams until either side ends it."""

    media_type = "text/event-stream"

    def __init__(self, resources: Resources, queue: SendQueue, client: Client) -> None:
        super().__init__(headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"})
        del self.headers["content-length"]
        self._hub = resources.hub
        self._queue = queue
        self._client = client

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002  ASGI
        """Send until the client disconnects or the connection is closed."""
        sender = self._queue.sender = tasks.spawn("events", self._send(send))
        listener = tasks.spawn("listener", _wait_for_disconnect(receive))
        try:
            await asyncio.wait((sender, listener), return_when=asyncio.FIRST_COMPLETED)
        finally:
            self._hub.leave(self._client)
            await tasks.stop((sender, listener))

    async def _send(self, send: Send) -> None:
        with suppress(OSError):
            await send({"type": "http.response.start", "status": 200, "headers": self.raw_headers})
            await _send_chunk(send, f"retry: {RETRY_MS}\n\n".encode())
            async for chunk in self._queue.chunks():
                await _send_chunk(send, chunk)
            await send({"type": "http.response.body", "body": b"", "more_body": False})


async def _send_chunk(send: Send, chunk: bytes) -> None:
    await send({"type": "http.response.body", "body": chunk, "more_body": True})


async def _wait_for_disconnect(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
