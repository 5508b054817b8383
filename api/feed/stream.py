"""Stream: a channel of the feed as server-sent events, for what speaks HTTP and no WebSocket.

`GET /api/v1/stream/{channel}`, with the filters of the REST lists in its query. Every event has its position
as id, so a reader that comes back with `Last-Event-ID` gets what it missed, or a `gap`.
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
"""How long a reader waits before it comes back."""
_POSITION = re.compile(r"([\x21-\x7e]{1,64}):(0|[1-9][0-9]{0,17})")


def stream_route() -> Route:
    """The streams."""
    return Route(PATH, _endpoint, methods=["GET"], name="stream")


async def _endpoint(request: Request) -> Response:
    if request.method != "GET":
        raise ProblemError(METHOD_NOT_ALLOWED, "what has no end has no head to be asked for", headers={"Allow": "GET"})
    resources: Resources = request.app.state.resources
    channel = request.path_params["channel"]
    if channel not in MESSAGE_TYPES:
        raise ProblemError(NOT_FOUND, f"there is no channel of that name; there are {', '.join(MESSAGE_TYPES)}")
    address = request.client.host if request.client else None
    query, visitor = request.scope["query_string"], request.state.visitor
    head = RequestHead(request.url.path, query, request.headers, address, visitor=visitor)
    admission = await admit(head, resources, (channel,))
    since = _since(request.headers.get("last-event-id"))
    hub, queue = resources.hub, SendQueue(resources.hub, WireFormat.EVENT)
    client = queue.client = Client(hub.ring, queue, address=admission.address, principal=admission.principal)
    hub.join(client, (), ANY)
    try:
        later = resources.resume.subscribe(client, Subscribe(channel, filter=admission.filter, since=since))
        if later is not None:
            await later
    except BaseException:
        hub.leave(client)
        raise
    return _Events(resources, queue, client)


def _since(given: str | None) -> Since | None:
    if given is None:
        return None
    found = _POSITION.fullmatch(given)
    if found is None:
        fault = Fault("Last-Event-ID", "give the id of an event as it came")
        raise ProblemError(INVALID_PARAMETER, f"{fault.name}: {fault.detail}", [fault])
    return Since(found[1], int(found[2]))


class _Events(Response):
    """An answer that does not end."""

    media_type = "text/event-stream"

    def __init__(self, resources: Resources, queue: SendQueue, client: Client) -> None:
        super().__init__(headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"})
        del self.headers["content-length"]
        self._hub = resources.hub
        self._queue = queue
        self._client = client

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002  ASGI
        """Send until either side ends it."""
        sender = self._queue.sender = tasks.spawn("events", self._send(send))
        reader = tasks.spawn("listener", _left(receive))
        try:
            await asyncio.wait((sender, reader), return_when=asyncio.FIRST_COMPLETED)
        finally:
            self._hub.leave(self._client)
            await tasks.stop((sender, reader))

    async def _send(self, send: Send) -> None:
        with suppress(OSError):
            await send({"type": "http.response.start", "status": 200, "headers": self.raw_headers})
            await _more(send, f"retry: {RETRY_MS}\n\n".encode())
            async for data in self._queue.taken():
                await _more(send, data)
            await send({"type": "http.response.body", "body": b"", "more_body": False})


async def _more(send: Send, data: bytes) -> None:
    await send({"type": "http.response.body", "body": data, "more_body": True})


async def _left(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
