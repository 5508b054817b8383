"""Guard: stands before every request and every WebSocket, and notes who it is in the request's state."""

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.errors import ProblemError, problem_response
from api.feed.stream import PATH
from api.security.credentials import without_ticket
from api.security.gate import Gate

_STREAMS = PATH.partition("{")[0]


class Guard:
    """Pure ASGI middleware; stands behind `api.rest.middleware.RequestMiddleware`, which gives requests their id."""

    def __init__(self, app: ASGIApp, *, gate: Gate) -> None:
        self._app = app
        self._gate = gate

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let one request through, or say why not."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        peer, _ = scope.get("client") or ("", 0)
        try:
            is_websocket = scope["type"] == "websocket"
            with_ticket = is_websocket or scope["path"].startswith(_STREAMS)
            query = scope["query_string"] if with_ticket else b""
            visitor = await self._gate.admit(Headers(scope=scope), query, peer, websocket=is_websocket)
        except ProblemError as problem:
            request_id = scope["state"]["request_id"]
            refused = problem_response(problem.kind, problem.detail, request_id, headers=problem.headers)
            await refused(scope, receive, send)
            return

        async def send_with_headers(message: Message) -> None:
            if message["type"] in ("http.response.start", "websocket.http.response.start"):
                MutableHeaders(scope=message).update(visitor.headers)
            await send(message)

        if with_ticket:
            scope["query_string"] = without_ticket(query)
        scope["state"]["visitor"] = visitor
        await self._app(scope, receive, send_with_headers if visitor.headers else send)
