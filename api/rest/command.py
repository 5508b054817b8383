"""Command: a POST endpoint that changes something, at most once for each `Idempotency-Key`.

It refuses what a page of another site can make a browser send without a CORS preflight (a form, or plain
text): the content must be JSON, the key must be present, and the `Origin` must be allowed.
"""

import re
from dataclasses import dataclass
from typing import Any, ClassVar, NamedTuple

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from api.errors import (
    FORBIDDEN,
    INVALID_MESSAGE,
    INVALID_PARAMETER,
    TOO_LARGE,
    UNSUPPORTED,
    Fault,
    ProblemError,
    ProblemType,
)
from api.resources import Resources
from api.rest import params
from api.rest.operation import JSON, Operation
from api.security.authorization import require_scope
from api.security.origin import check_origin
from domain.api_keys import Scope

IDEMPOTENCY_KEY = "Idempotency-Key"
IDEMPOTENCY_KEY_PATTERN = r"^[\x21-\x7e]{1,200}$"
CREATED = 201
_EXACT_INTEGER_MAX = 2.0**53  # below it a float stands for exactly one integer

_idempotency_key = re.compile(IDEMPOTENCY_KEY_PATTERN)
_encoder = msgspec.json.Encoder()


class CommandRequest(NamedTuple):
    """The decoded body of a command, and the key under which it is executed once."""

    idempotency_key: str
    body: Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Command(Operation):
    """A POST endpoint that accepts JSON.

    Attributes
    ----------
    body
        Record of the request body. The handler is passed it in a `CommandRequest`.
    subject
        Field of `body` that names what the command acts on, for the audit log.
    """

    method: ClassVar[str] = "post"
    success: ClassVar[int] = CREATED
    body: type[msgspec.Struct]
    subject: str
    scope: Scope | None = "execute"
    no_store: bool = True

    @property
    def possible_problems(self) -> tuple[ProblemType, ...]:
        """Problems it may respond with, besides invalid parameters and internal errors."""
        return (*self.problems, INVALID_MESSAGE, FORBIDDEN, TOO_LARGE, UNSUPPORTED)

    def route(self) -> Route:
        """The Starlette route of this command."""

        async def endpoint(request: Request) -> Response:
            resources: Resources = request.app.state.resources
            check_origin(request, resources.settings)
            principal = require_scope(request.state.caller, "execute", resources.access)
            params.parse(self.parameters, request.scope["query_string"], request.path_params)
            idempotency_key = _idempotency_key_of(request)
            body = await self._read_body(request, resources.settings.message_bytes_max)
            record = await self.handler(resources, CommandRequest(idempotency_key, body))
            resources.access.audit.record(
                "execute",
                actor=principal.name,
                target=getattr(body, self.subject),
                address=request.state.caller.address,
                request_id=request.state.request_id,
            )
            return Response(_encoder.encode(record), CREATED, {"Cache-Control": "no-store"}, JSON)

        return Route(self.path, endpoint, methods=["POST"], name=self.name)

    async def _read_body(self, request: Request, bytes_max: int) -> Any:
        media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
        if media_type != JSON:
            given = f"is {media_type}" if media_type else "is missing"
            raise ProblemError(UNSUPPORTED, f"the Content-Type {given}; send {JSON}")
        content = bytearray()
        async for chunk in request.stream():
            content += chunk
            if len(content) > bytes_max:
                raise ProblemError(
                    TOO_LARGE, f"the body is larger than {bytes_max} bytes; message_bytes_max of [api] sets the limit"
                )
        try:
            return msgspec.convert(_with_integers(msgspec.json.decode(content)), self.body)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as problem:
            raise ProblemError(INVALID_MESSAGE, str(problem)) from None


def _with_integers(value: Any) -> Any:
    """The value with 2.0 replaced by 2, since JSON Schema regards both as integers."""
    if isinstance(value, dict):
        return {key: _with_integers(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_with_integers(item) for item in value]
    is_integer = isinstance(value, float) and value.is_integer() and abs(value) < _EXACT_INTEGER_MAX
    return int(value) if is_integer else value


def _idempotency_key_of(request: Request) -> str:
    values = request.headers.getlist(IDEMPOTENCY_KEY)
    if len(values) != 1 or not _idempotency_key.fullmatch(values[0]):
        detail = "send this header once, with 1 to 200 printable ASCII characters without spaces, new for each command"
        fault = Fault(IDEMPOTENCY_KEY, detail)
        raise ProblemError(INVALID_PARAMETER, f"{fault.name}: {fault.detail}", [fault])
    return values[0]
