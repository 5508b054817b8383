"""Problems: what went wrong, told the same way over REST and WebSocket.

REST answers `application/problem+json` (RFC 9457) for everything that is not a success; the WebSocket
sends the same `code`, `retryable` and `detail` in an `error` message. Every kind is listed here.
"""

import logging
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import msgspec
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from domain.errors import ServiceError, SetupError

MEDIA_TYPE = "application/problem+json"
TYPE_PREFIX = "urn:problem-type:signalengine:"
RETRY_AFTER_S = 2

log = logging.getLogger(__name__)


class Kind(NamedTuple):
    """One way to fail."""

    code: str
    status: int
    title: str
    retryable: bool = False


INVALID_PARAMETER = Kind("invalid_parameter", 400, "A parameter is not valid")
INVALID_MESSAGE = Kind("invalid_message", 400, "A message is not valid")
MALFORMED = Kind("malformed", 400, "That is not HTTP")
UNAUTHENTICATED = Kind("unauthenticated", 401, "Nobody knows who you are")
FORBIDDEN = Kind("forbidden", 403, "This is not open to you")
NOT_FOUND = Kind("not_found", 404, "There is no such thing")
METHOD_NOT_ALLOWED = Kind("method_not_allowed", 405, "This address does not take that method")
TIMED_OUT = Kind("timed_out", 408, "The request did not come to its end in time", retryable=True)
CONFLICT = Kind("conflict", 409, "It is no longer what was asked for")
TOO_LARGE = Kind("too_large", 413, "The content is too large")
ADDRESS_TOO_LONG = Kind("address_too_long", 414, "The address is too long")
UNSUPPORTED = Kind("unsupported", 415, "That type of content is not understood")
MISDIRECTED = Kind("misdirected", 421, "This server does not answer to that name")
KEY_REUSED = Kind("key_reused", 422, "The key was used for something else")
RATE_LIMITED = Kind("rate_limited", 429, "Too many messages", retryable=True)
HEADERS_TOO_LARGE = Kind("headers_too_large", 431, "The header is too large")
INTERNAL = Kind("internal", 500, "The server made a mistake")
UNAVAILABLE = Kind("unavailable", 503, "A service behind the API is away", retryable=True)

KINDS = (
    INVALID_PARAMETER,
    INVALID_MESSAGE,
    MALFORMED,
    UNAUTHENTICATED,
    FORBIDDEN,
    NOT_FOUND,
    METHOD_NOT_ALLOWED,
    TIMED_OUT,
    CONFLICT,
    TOO_LARGE,
    ADDRESS_TOO_LONG,
    UNSUPPORTED,
    MISDIRECTED,
    KEY_REUSED,
    RATE_LIMITED,
    HEADERS_TOO_LARGE,
    INTERNAL,
    UNAVAILABLE,
)


class Fault(msgspec.Struct, frozen=True):
    """One part of a problem: the parameter or service by name, and what is wrong with it."""

    name: str
    detail: str


class Problem(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A problem as RFC 9457 wants it.

    `code` names the kind for programs, `retryable` says whether the same request may succeed later,
    and `instance` is the id of the request, which is also in the header `X-Request-ID`.
    """

    type: str
    title: str
    status: int
    code: str
    retryable: bool
    detail: str = ""
    instance: str = ""
    errors: list[Fault] = []


class ProblemError(Exception):
    """Raised by handlers; becomes the answer."""

    def __init__(
        self, kind: Kind, detail: str, faults: Sequence[Fault] = (), *, headers: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(detail)
        self.kind = kind
        self.detail = detail
        self.faults = list(faults)
        self.headers = headers


def problem_response(
    kind: Kind,
    detail: str,
    request_id: str,
    *,
    faults: Sequence[Fault] = (),
    headers: Mapping[str, str] | None = None,
) -> Response:
    """The answer that tells of a problem."""
    problem = Problem(
        type=TYPE_PREFIX + kind.code.replace("_", "-"),
        title=kind.title,
        status=kind.status,
        code=kind.code,
        retryable=kind.retryable,
        detail=detail,
        instance=request_id,
        errors=list(faults),
    )
    headers = {"Cache-Control": "no-store", **(headers or {})}
    if kind is UNAVAILABLE:
        headers["Retry-After"] = str(RETRY_AFTER_S)
    return Response(msgspec.json.encode(problem), kind.status, headers, MEDIA_TYPE)


async def _on_problem(request: Request, error: Exception) -> Response:
    assert isinstance(error, ProblemError)
    return problem_response(
        error.kind, error.detail, request.state.request_id, faults=error.faults, headers=error.headers
    )


async def _on_outage(request: Request, error: Exception) -> Response:
    # What it says names hosts and tables; it is for the log alone.
    log.warning("service_lost request=%s error=%s", request.state.request_id, error)
    return problem_response(UNAVAILABLE, "see /readyz for what is missing; try again shortly", request.state.request_id)


async def _on_leaving(request: Request, _: Exception) -> Response:
    return problem_response(TIMED_OUT, "the caller left before the end", request.state.request_id)  # nobody hears it


async def _on_http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    if error.status_code == METHOD_NOT_ALLOWED.status:
        kind = METHOD_NOT_ALLOWED
        detail = f"{request.method} is not a method of {request.url.path}; see the header Allow"
    else:
        kind = NOT_FOUND
        detail = f"nothing is at {request.url.path}; /openapi.json lists what there is"
    return problem_response(kind, detail, request.state.request_id, headers=error.headers)


HANDLERS = {
    ProblemError: _on_problem,
    HTTPException: _on_http,
    ClientDisconnect: _on_leaving,
    ServiceError: _on_outage,
    SetupError: _on_outage,  # the database was not migrated
}
"""What becomes of each exception. Any other is a bug: `api.rest.middleware` answers it with 500."""
