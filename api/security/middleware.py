"""Middleware that authenticates every request and WebSocket handshake, and stores the caller in the request's state."""

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.errors import ProblemError, problem_response
from api.feed.stream import PATH
from api.security.access import AccessControl
from api.security.credentials import without_ticket

_EVENT_STREAMS = PATH.partition("{")[0]


class AccessMiddleware:
    """Pure ASGI middleware; runs inside `api.rest.middleware.RequestMiddleware`, which assigns the request id."""

    def __init__(self, app: ASGIApp, *, access: AccessControl) -> None:
        self._app = app
        self._access = access

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass one request on, or respond with the problem found."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        peer, _ = scope.get("client") or ("", 0)
        try:
            is_websocket = scope["type"] == "websocket"
            accepts_ticket = is_websocket or scope["path"].startswith(_EVENT_STREAMS)
            query = scope["query_string"] if accepts_ticket else b""
            caller = await self._access.check_request(Headers(scope=scope), query, peer, websocket=is_websocket)
        except ProblemError as problem:
            request_id = scope["state"]["request_id"]
            response = problem_response(problem.kind, problem.detail, request_id, headers=problem.headers)
            await response(scope, receive, send)
            return

        async def send_with_headers(message: Message) -> None:
            if message["type"] in ("http.response.start", "websocket.http.response.start"):
                MutableHeaders(scope=message).update(caller.headers)
            await send(message)

        if accepts_ticket:
            scope["query_string"] = without_ticket(query)
        scope["state"]["caller"] = caller
        await self._app(scope, receive, send_with_headers if caller.headers else send)
