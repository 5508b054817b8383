"""RequestMiddleware: what happens to every request before and after its handler.

It gets an id, is refused if it was meant for another host, is timed, and leaves with headers that keep
a browser from doing more with the answer than show it. A bug in a handler ends here: one line in the
log, and an answer that does not say more than the id to find it by.
"""

import logging
import re
from collections.abc import Callable
from uuid import uuid4

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.errors import INTERNAL, MISDIRECTED, problem_response
from api.metrics import Metrics
from api.security.headers import protected
from api.settings import is_loopback

log = logging.getLogger(__name__)

_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")
CLOSE_INTERNAL = 1011


class RequestMiddleware:
    """Pure ASGI middleware."""

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
        """Serve one request or one WebSocket."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        request_id = request_id_of(headers.get("x-request-id", ""))
        scope.setdefault("state", {})["request_id"] = request_id
        began_s = self._steady_s()
        status = 0

        async def send_with_headers(message: Message) -> None:
            nonlocal status
            if message["type"] in ("http.response.start", "websocket.http.response.start"):
                status = message["status"]
                named = (*message.get("headers", ()), (b"x-request-id", request_id.encode()))
                message["headers"] = protected(named, behind_tls=self._behind_tls)
            await send(message)

        try:
            if is_allowed_host(host_of(headers), self._allowed_hosts):
                await self._app(scope, receive, send_with_headers)
            else:
                detail = "this name is not one of ours; add it to allowed_hosts of [api] if it should be"
                await problem_response(MISDIRECTED, detail, request_id)(scope, receive, send_with_headers)
        except Exception:
            log.exception("request_failed request=%s path=%s", request_id, _template(scope))
            if status:
                raise
            if scope["type"] == "http":
                answer = problem_response(INTERNAL, "it was logged under the id in instance", request_id)
                await answer(scope, receive, send_with_headers)
            else:
                await send({"type": "websocket.close", "code": CLOSE_INTERNAL, "reason": INTERNAL.title})
        finally:
            if scope["type"] == "http":
                method = scope["method"] if scope["method"] in _METHODS else "other"
                labels = (method, _template(scope), str(status))
                self._metrics.request_s.labels(*labels).observe(self._steady_s() - began_s)


def host_of(headers: Headers) -> str:
    """The header Host; if there are several, of which a proxy may read another than we do, a name that nobody has."""
    return ",".join(headers.getlist("host"))


def is_allowed_host(host: str, allowed: tuple[str, ...]) -> bool:
    """Whether a request that carries this Host header is meant for us.

    A page may give its own name our address and then read our answers as its own; but the requests of
    its visitors still carry its name.

    Examples
    --------
    >>> [is_allowed_host(host, ("desk.example",)) for host in ("[::1]:8000", "desk.example:443", "evil.example", "")]
    [True, True, False, False]
    """
    host = host.lower()
    name = host[1:].partition("]")[0] if host.startswith("[") else host.partition(":")[0]
    return is_loopback(name) or name in map(str.lower, allowed)


def request_id_of(given: str) -> str:
    """The caller's own id if it is harmless in a log, else a new one."""
    return given if _REQUEST_ID.fullmatch(given) else uuid4().hex


def _template(scope: Scope) -> str:
    """The path as its route writes it; never as it came, or any caller could fill the metrics with paths."""
    route = scope.get("route")
    return route.path if route is not None else "unmatched"
