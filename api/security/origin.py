"""Origin: whether a page of another site may do more here than read what it is shown."""

from starlette.datastructures import Headers
from starlette.requests import HTTPConnection

from api.errors import FORBIDDEN, ProblemError
from api.settings import ApiSettings


def is_ours(headers: Headers, settings: ApiSettings) -> bool:
    """Whether it is no browser that asks, or one of our own pages, or one of `allowed_origins`.

    A browser lets any page open a WebSocket or send a form to anywhere, and says whose page it is.
    """
    origin = headers.get("origin")
    return origin is None or origin.partition("://")[2] == headers.get("host") or origin in settings.allowed_origins


def check_origin(connection: HTTPConnection, settings: ApiSettings) -> None:
    """Let pass whose origin is ours.

    Raises
    ------
    ProblemError
        `FORBIDDEN`, if it is a page of somebody else.
    """
    if not is_ours(connection.headers, settings):
        raise stranger(connection.headers)


def stranger(headers: Headers) -> ProblemError:
    """What a page of somebody else is told."""
    origin = headers.get("origin")
    return ProblemError(
        FORBIDDEN, f"pages of {origin} may not connect; add it to allowed_origins of [api] if they should"
    )
