"""Errors: one form of report for REST and WebSocket, and every type of problem that the API reports.

REST responds with `application/problem+json` (RFC 9457) to everything that is not a success; a WebSocket
carries the same `code`, `retryable` and `detail` in an `error` message.
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
INTERNAL_DETAIL = "the error was logged with the id in instance"

log = logging.getLogger(__name__)


class ProblemType(NamedTuple):
    """A type of problem: code, HTTP status, title, and whether the same request may succeed later."""

    code: str
    status: int
    title: str
    retryable: bool = False


INVALID_PARAMETER = ProblemType("invalid_parameter", 400, "Invalid parameter")
INVALID_MESSAGE = ProblemType("invalid_message", 400, "Invalid message")
MALFORMED = ProblemType("malformed", 400, "Malformed HTTP request")
UNAUTHENTICATED = ProblemType("unauthenticated", 401, "Missing or invalid credentials")
FORBIDDEN = ProblemType("forbidden", 403, "Not permitted")
NOT_FOUND = ProblemType("not_found", 404, "Not found")
METHOD_NOT_ALLOWED = ProblemType("method_not_allowed", 405, "Method not allowed")
TIMED_OUT = ProblemType("timed_out", 408, "The request was not complete in time", retryable=True)
CONFLICT = ProblemType("conflict", 409, "The resource has changed")
TOO_LARGE = ProblemType("too_large", 413, "The content is too large")
ADDRESS_TOO_LONG = ProblemType("address_too_long", 414, "The URL is too long")
UNSUPPORTED = ProblemType("unsupported", 415, "Unsupported content type")
MISDIRECTED = ProblemType("misdirected", 421, "Unknown host name")
KEY_REUSED = ProblemType("key_reused", 422, "The idempotency key was used for another request")
RATE_LIMITED = ProblemType("rate_limited", 429, "Too many requests", retryable=True)
HEADERS_TOO_LARGE = ProblemType("headers_too_large", 431, "The request header is too large")
INTERNAL = ProblemType("internal", 500, "Internal server error")
UNAVAILABLE = ProblemType("unavailable", 503, "A required service is unavailable", retryable=True)

PROBLEM_TYPES = (
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
    """One cause of a problem: the name of the parameter or service, and what is wrong with it."""

    name: str
    detail: str


class Problem(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A problem report (RFC 9457).

    Attributes
    ----------
    type
        URN of the problem type.
    title
        Short description of the problem type.
    status
        HTTP status code of the response.
    code
        Problem type for programs to match on.
    retryable
        Whether the same request may succeed later.
    detail
        What is wrong with this request, and how to correct it.
    instance
        Id of the request, as in the `X-Request-ID` header.
    errors
        Each invalid parameter, or each service that is unavailable.
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
    """Raised by handlers, and sent to the client as a problem report."""

    def __init__(
        self, kind: ProblemType, detail: str, faults: Sequence[Fault] = (), *, headers: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(detail)
        self.kind = kind
        self.detail = detail
        self.faults = list(faults)
        self.headers = headers


def problem_response(
    kind: ProblemType,
    detail: str,
    request_id: str,
    *,
    faults: Sequence[Fault] = (),
    headers: Mapping[str, str] | None = None,
) -> Response:
    """The response that reports a problem."""
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


async def _on_service_error(request: Request, error: Exception) -> Response:
    # The text of the error names hosts and tables, so only the log has it.
    log.warning("service_lost request=%s error=%s", request.state.request_id, error)
    return problem_response(
        UNAVAILABLE, "see /readyz for the missing service; try again shortly", request.state.request_id
    )


async def _on_disconnect(request: Request, _: Exception) -> Response:
    # The response reaches no client, but the metrics count the request under its status.
    return problem_response(TIMED_OUT, "the client disconnected", request.state.request_id)


async def _on_http_exception(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    if error.status_code == METHOD_NOT_ALLOWED.status:
        kind = METHOD_NOT_ALLOWED
        detail = f"{request.method} is not allowed at {request.url.path}; see the header Allow"
    else:
        kind = NOT_FOUND
        detail = f"no operation has the path {request.url.path}; /openapi.json lists all"
    return problem_response(kind, detail, request.state.request_id, headers=error.headers)


HANDLERS = {
    ProblemError: _on_problem,
    HTTPException: _on_http_exception,
    ClientDisconnect: _on_disconnect,
    ServiceError: _on_service_error,
    SetupError: _on_service_error,  # the database is not migrated
}
"""The handler of each exception. Any other is a bug: `api.rest.middleware` responds with 500."""
