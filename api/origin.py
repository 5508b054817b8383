"""Origin: whether a page of another site may do more here than read what it is shown."""

from starlette.requests import HTTPConnection

from api.errors import FORBIDDEN, ProblemError
from api.settings import ApiSettings


def check_origin(connection: HTTPConnection, settings: ApiSettings) -> None:
    """Let pass who is no browser, our own pages, and those of `allowed_origins`.

    A browser lets any page open a WebSocket or send a form to anywhere, and says whose page it is.

    Raises
    ------
    ProblemError
        `FORBIDDEN`, if it is a page of somebody else.
    """
    origin = connection.headers.get("origin")
    ours = origin is None or origin.partition("://")[2] == connection.headers.get("host")
    if not ours and origin not in settings.allowed_origins:
        raise ProblemError(
            FORBIDDEN, f"pages of {origin} may not connect; add it to allowed_origins of [api] if they should"
        )
