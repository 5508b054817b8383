"""Command: a POST that changes something, at most once for each Idempotency-Key.

What a page of another site can send without being asked (a form, or plain text) is never obeyed: the
content has to be JSON, the key has to be there, and the origin has to be ours.
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
    Kind,
    ProblemError,
)
from api.resources import Resources
from api.rest import params
from api.rest.operation import JSON, Operation
from api.security.origin import check_origin
from api.security.permit import permit
from domain.api_keys import Scope

KEY = "Idempotency-Key"
KEY_PATTERN = r"^[\x21-\x7e]{1,200}$"
CREATED = 201
_EXACT = 2.0**53  # up to here a float is one integer and no other

_key = re.compile(KEY_PATTERN)
_encoder = msgspec.json.Encoder()


class Wish(NamedTuple):
    """What is to be done, and the key under which it is done once."""

    key: str
    body: Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Command(Operation):
    """A POST of JSON.

    Attributes
    ----------
    body
        Record of what is sent. The handler is given it in a `Wish`.
    subject
        Field of `body`: what it is done to, for the audit log.
    """

    method: ClassVar[str] = "post"
    success: ClassVar[int] = CREATED
    body: type[msgspec.Struct]
    subject: str
    scope: Scope | None = "execute"
    live: bool = True

    @property
    def kinds(self) -> tuple[Kind, ...]:
        """What may go wrong besides bad parameters and our own mistakes."""
        return (*self.problems, FORBIDDEN, TOO_LARGE, UNSUPPORTED)

    def route(self) -> Route:
        """The command for Starlette."""

        async def endpoint(request: Request) -> Response:
            resources: Resources = request.app.state.resources
            check_origin(request, resources.settings)
            caller = permit(request.state.visitor, "execute", resources.gate)
            params.parse(self.takes, request.scope["query_string"], request.path_params)
            wish = Wish(_key_of(request), await self._content(request, resources.settings.message_bytes_max))
            done = await self.handler(resources, wish)
            resources.gate.audit.tell(
                "execute",
                actor=caller.name,
                what=getattr(wish.body, self.subject),
                address=request.state.visitor.address,
                request_id=request.state.request_id,
            )
            return Response(_encoder.encode(done), CREATED, {"Cache-Control": "no-store"}, JSON)

        return Route(self.path, endpoint, methods=["POST"], name=self.name)

    async def _content(self, request: Request, most: int) -> Any:
        kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
        if kind != JSON:
            raise ProblemError(UNSUPPORTED, f"the content is {kind or 'of no type'}; send {JSON}")
        content = bytearray()
        async for part in request.stream():
            content += part
            if len(content) > most:
                raise ProblemError(TOO_LARGE, f"more than {most} bytes; message_bytes_max of [api] sets the limit")
        try:
            return msgspec.convert(_with_integers(msgspec.json.decode(content)), self.body)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as problem:
            raise ProblemError(INVALID_MESSAGE, str(problem)) from None


def _with_integers(value: Any) -> Any:
    """The same, with 2.0 as 2: to JSON Schema both are integers."""
    if isinstance(value, dict):
        return {key: _with_integers(each) for key, each in value.items()}
    if isinstance(value, list):
        return [_with_integers(each) for each in value]
    return int(value) if isinstance(value, float) and value.is_integer() and abs(value) < _EXACT else value


def _key_of(request: Request) -> str:
    given = request.headers.getlist(KEY)
    if len(given) != 1 or not _key.fullmatch(given[0]):
        fault = Fault(KEY, "give this header once, with 1 to 200 characters without blanks, new for each wish")
        raise ProblemError(INVALID_PARAMETER, f"{fault.name}: {fault.detail}", [fault])
    return given[0]
