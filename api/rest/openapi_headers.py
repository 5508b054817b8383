"""Response headers in the OpenAPI document, and which of them each response may have."""

from typing import Any, Final

import msgspec

from api.errors import FORBIDDEN, RATE_LIMITED, UNAUTHENTICATED, UNAVAILABLE
from api.rest.operation import Operation

_STRING: Final = {"type": "string"}
_SECONDS: Final = {"type": "integer", "minimum": 0}

HEADERS: Final[dict[str, dict[str, Any]]] = {
    "X-Request-ID": {
        "description": "Identifies the request in the server's log. An `X-Request-ID` sent with the request is kept if "
        "it matches the pattern.",
        "schema": {"type": "string", "pattern": "^[A-Za-z0-9._-]{1,64}$"},
    },
    "ETag": {
        "description": "Identifies this version of the body; send it as `If-None-Match` to get 304 until it changes.",
        "schema": _STRING,
    },
    "Age": {
        "description": "Seconds since the data was last known to match the database; absent if it was read for this "
        "request.",
        "schema": _SECONDS,
    },
    "Link": {
        "description": 'URL of the next page, with `rel="next"` (RFC 8288); absent on the last page.',
        "schema": _STRING,
    },
    "RateLimit-Policy": {
        "description": "Requests allowed in a window, and its length in seconds; absent where authentication is off.",
        "schema": _STRING,
    },
    "RateLimit": {
        "description": "Requests left in the current window, and seconds until more are allowed.",
        "schema": _STRING,
    },
    "WWW-Authenticate": {
        "description": "The authentication scheme, and what is wrong with the credentials or which scope is missing.",
        "schema": _STRING,
    },
    "Retry-After": {"description": "Seconds to wait before sending the request again.", "schema": _SECONDS},
}
IF_NONE_MATCH: Final = {
    "name": "If-None-Match",
    "in": "header",
    "required": False,
    "description": "ETags of known versions of the body; the response is 304 if one of them is current.",
    "schema": _STRING,
}


def headers_of(operation: Operation, status: int) -> dict[str, dict[str, str]]:
    """The headers that a response of this status may have, as references to `HEADERS`."""
    names = ["X-Request-ID", "RateLimit-Policy", "RateLimit"]
    if status in (200, 304) and not operation.no_store:
        names += ["ETag", "Age"]
        fields = {field.name for field in msgspec.structs.fields(operation.parameters)}
        names += ["Link"] if fields & {"cursor", "before", "after"} else []
    if status in (UNAUTHENTICATED.status, FORBIDDEN.status):
        names.append("WWW-Authenticate")
    if status in (RATE_LIMITED.status, UNAVAILABLE.status):
        names.append("Retry-After")
    return {name: {"$ref": f"#/components/headers/{name}"} for name in names}
