"""Headers of answers, as the OpenAPI document tells of them."""

from typing import Any, Final

import msgspec

from api.errors import FORBIDDEN, RATE_LIMITED, UNAUTHENTICATED, UNAVAILABLE
from api.rest.operation import Operation

_TEXT: Final = {"type": "string"}
_SECONDS: Final = {"type": "integer", "minimum": 0}

HEADERS: Final[dict[str, dict[str, Any]]] = {
    "X-Request-ID": {
        "description": "Names the request in our log; the caller's own if one was sent and is harmless.",
        "schema": {"type": "string", "pattern": "^[A-Za-z0-9._-]{1,64}$"},
    },
    "ETag": {"description": "Give it as `If-None-Match` to be told 304.", "schema": _TEXT},
    "Age": {
        "description": "Seconds since this was known to be what Postgres would say; absent if it was asked for this.",
        "schema": _SECONDS,
    },
    "Link": {"description": 'The next page, with `rel="next"`; absent on the last.', "schema": _TEXT},
    "RateLimit-Policy": {
        "description": "Requests a caller may send in how many seconds; absent where nobody is asked for a name.",
        "schema": _TEXT,
    },
    "RateLimit": {"description": "How many are left now, and seconds until there are more.", "schema": _TEXT},
    "WWW-Authenticate": {"description": "What is missing, where it is a key, a token or a scope.", "schema": _TEXT},
    "Retry-After": {"description": "Seconds after which the same request may succeed.", "schema": _SECONDS},
}
IF_NONE_MATCH: Final = {
    "name": "If-None-Match",
    "in": "header",
    "required": False,
    "description": "ETags that are known; 304 if the answer has one of them.",
    "schema": _TEXT,
}


def headers_of(operation: Operation, status: int) -> dict[str, dict[str, str]]:
    """Those that an answer of that status may have, as references to `HEADERS`."""
    names = ["X-Request-ID", "RateLimit-Policy", "RateLimit"]
    if status in (200, 304) and not operation.live:
        names += ["ETag", "Age"]
        fields = {field.name for field in msgspec.structs.fields(operation.takes)}
        names += ["Link"] if fields & {"cursor", "before", "after"} else []
    if status in (UNAUTHENTICATED.status, FORBIDDEN.status):
        names.append("WWW-Authenticate")
    if status in (RATE_LIMITED.status, UNAVAILABLE.status):
        names.append("Retry-After")
    return {name: {"$ref": f"#/components/headers/{name}"} for name in names}
