"""Origin check: which web pages may open streams and send commands from a browser."""

from starlette.datastructures import Headers
from starlette.requests import HTTPConnection

from api.errors import FORBIDDEN, ProblemError
from api.settings import ApiSettings


def is_allowed_origin(headers: Headers, settings: ApiSettings) -> bool:
    """Whether the request comes from no browser, from a page of this host, or from one of `allowed_origins`.

    Browsers let any page open a WebSocket or submit a form to any host, and send the page's origin in `Origin`.
    """
    origin = headers.get("origin")
    return origin is None or origin.partition("://")[2] == headers.get("host") or origin in settings.allowed_origins


def check_origin(connection: HTTPConnection, settings: ApiSettings) -> None:
    """Reject requests from pages of other origins.

    Raises
    ------
    ProblemError
        `FORBIDDEN`, if the origin is not allowed.
    """
    if not is_allowed_origin(connection.headers, settings):
        raise origin_forbidden(connection.headers)


def origin_forbidden(headers: Headers) -> ProblemError:
    """The problem with which a request from another origin is answered."""
    origin = headers.get("origin")
    return ProblemError(FORBIDDEN, f"origin {origin} is not allowed; add it to allowed_origins of [api] to allow it")
