"""Middleware: the outermost ASGI layer of every HTTP request and WebSocket handshake.

It assigns a request id, refuses requests for another host, measures the duration, and adds the security
headers. It also catches what a handler did not: the exception is logged, and the response is a 500 that
reveals only the request id.
"""

import logging
import re
from collections.abc import Callable
from uuid import uuid4

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.errors import INTERNAL, INTERNAL_DETAIL, MISDIRECTED, problem_response
from api.metrics import Metrics
from api.security.headers import with_security_headers
from api.settings import is_loopback

log = logging.getLogger(__name__)

_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")
CLOSE_INTERNAL = 1011
HOST_NOT_ALLOWED = "the Host header is not an allowed host; add it to allowed_hosts of [api] to accept it"


class RequestMiddleware:
    """Pure ASGI middleware.

    Parameters
    ----------
    steady_s
        Reads a monotonic clock, in seconds.
    allowed_hosts
        Names accepted in the `Host` header, besides those of the loopback interface.
    behind_tls
        A proxy in front terminates TLS, so responses carry `Strict-Transport-Security`.
    """

    def __init__(
        self,
        app: ASGIApp,
        *,
        metrics: Metrics,
        steady_s: Callable[[], float],
        allowed_hosts: tuple[str, ...],
        behind_tls: bool,
    ) -> None:
        self._app = app
        self._metrics = metrics
        self._steady_s = steady_s
        self._allowed_hosts = allowed_hosts
        self._behind_tls = behind_tls

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request, WebSocket or lifespan."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        request_id = request_id_of(headers.get("x-request-id", ""))
        scope.setdefault("state", {})["request_id"] = request_id
        started_s = self._steady_s()
        status = 0

        async def send_with_headers(message: Message) -> None:
            nonlocal status
            if message["type"] in ("http.response.start", "websocket.http.response.start"):
                status = message["status"]
                response_headers = (*message.get("headers", ()), (b"x-request-id", request_id.encode()))
                message["headers"] = with_security_headers(response_headers, behind_tls=self._behind_tls)
            await send(message)

        try:
            if is_allowed_host(host_of(headers), self._allowed_hosts):
                await self._app(scope, receive, send_with_headers)
            else:
                response = problem_response(MISDIRECTED, HOST_NOT_ALLOWED, request_id)
                await response(scope, receive, send_with_headers)
        except Exception:
            log.exception("request_failed request=%s path=%s", request_id, _route_path(scope))
            if status:
                raise
            if scope["type"] == "http":
                response = problem_response(INTERNAL, INTERNAL_DETAIL, request_id)
                await response(scope, receive, send_with_headers)
            else:
                await send({"type": "websocket.close", "code": CLOSE_INTERNAL, "reason": INTERNAL.title})
        finally:
            if scope["type"] == "http":
                method = scope["method"] if scope["method"] in _METHODS else "other"
                labels = (method, _route_path(scope), str(status))
                self._metrics.request_s.labels(*labels).observe(self._steady_s() - started_s)


def host_of(headers: Headers) -> str:
    """The `Host` header; several are joined to a name that is never allowed, since a proxy may have used another."""
    return ",".join(headers.getlist("host"))


def is_allowed_host(host: str, allowed: tuple[str, ...]) -> bool:
    """Whether a `Host` header is an allowed one or the loopback interface.

    This prevents DNS rebinding: a page can make its own host name resolve to this server and read the
    responses as same-origin, but the requests still carry that name.

    Examples
    --------
    >>> [is_allowed_host(host, ("desk.example",)) for host in ("[::1]:8000", "desk.example:443", "evil.example", "")]
    [True, True, False, False]
    """
    host = host.lower()
    name = host[1:].partition("]")[0] if host.startswith("[") else host.partition(":")[0]
    return is_loopback(name) or name in map(str.lower, allowed)


def request_id_of(header: str) -> str:
    """The caller's `X-Request-ID` if it is safe to log, else a new id."""
    return header if _REQUEST_ID.fullmatch(header) else uuid4().hex


def _route_path(scope: Scope) -> str:
    """The path template of the route: a raw path as metric label would let callers create unlimited series."""
    route = scope.get("route")
    return route.path if route is not None else "unmatched"
