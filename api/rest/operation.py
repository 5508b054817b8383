"""Operation: one thing that REST can do, from the text of the request to the bytes of the answer.

Handlers know nothing of HTTP: they take what they stand on and typed parameters, and give a record.
The same declaration makes the route and the OpenAPI document, so neither can promise what the other
does not keep.
"""

import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field, replace
from inspect import cleandoc
from typing import Any, ClassVar

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route, compile_path

from api.errors import Kind
from api.resources import Resources
from api.rest import params
from api.rest.result import Result, etag_of
from api.security.permit import permit
from domain.api_keys import Scope

JSON = "application/json"
HTML = "text/html; charset=utf-8"
TEXT = "text/plain; version=0.0.4; charset=utf-8"

_encoder = msgspec.json.Encoder()
_etag = re.compile(r'"[^"]*"')


class NoParameters(msgspec.Struct, frozen=True):
    """For operations that take none."""


Handler = Callable[[Resources, Any], Awaitable[Any]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """A GET.

    Attributes
    ----------
    path
        Template, with parameters in braces.
    handler
        Its docstring is the description: the first line is the summary.
    takes
        Record of the parameters; those named in `path` come from there, the others from the query.
    gives
        Type of the body; bytes are sent as they are.
    media_type
        Of the body.
    problems
        What may go wrong besides bad parameters and our own mistakes.
    scope
        What a caller has to be allowed to do; None is open to everybody.
    live
        The answer is different each time, so a copy is never worth asking about.
    summed
        It takes Postgres a while, so it is read once for all who ask at about the same time.
    leads
        Operations that its answer leads to, by name, with the parameters that they take from it (OpenAPI links).
    """

    method: ClassVar[str] = "get"
    success: ClassVar[int] = 200
    path: str
    handler: Handler
    takes: type[msgspec.Struct] = NoParameters
    gives: Any
    media_type: str = JSON
    problems: tuple[Kind, ...] = ()
    scope: Scope | None = "read"
    live: bool = False
    summed: bool = False
    leads: Mapping[str, Mapping[str, str]] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """A name for generated clients."""
        return self.handler.__name__

    @property
    def description(self) -> str:
        """What the handler says of itself."""
        return cleandoc(self.handler.__doc__ or "")

    @property
    def path_names(self) -> frozenset[str]:
        """The parameters that are in the path."""
        return frozenset(compile_path(self.path)[2])

    @property
    def kinds(self) -> tuple[Kind, ...]:
        """What may go wrong besides bad parameters and our own mistakes."""
        return self.problems

    def route(self) -> Route:
        """The operation for Starlette."""

        async def endpoint(request: Request) -> Response:
            if self.scope is not None:
                permit(request.state.visitor, self.scope, request.app.state.resources.gate)
            parameters = params.parse(self.takes, request.scope["query_string"], request.path_params)
            resources: Resources = request.app.state.resources

            async def read() -> Result:
                returned = await self.handler(resources, parameters)
                return returned if isinstance(returned, Result) else Result(returned)

            async def read_encoded() -> Result:
                result = await read()
                return Result.from_bytes(_encoder.encode(result.body), result.headers)

            if self.summed:
                cached, age_s = await resources.micro_cache.get((self.path, parameters), read_encoded)
                result = replace(cached, age_s=age_s)
            else:
                result = await read()
            return self._response(result, ", ".join(request.headers.getlist("if-none-match")))

        return Route(self.path, endpoint, methods=["GET"], name=self.name)

    def _response(self, result: Result, if_none_match: str) -> Response:
        body = result.body if isinstance(result.body, bytes) else _encoder.encode(result.body)
        if self.live:
            headers = {**result.headers, "Cache-Control": "no-store"}
            return Response(body, headers=headers, media_type=self.media_type)
        etag = result.etag or etag_of(body)
        headers = {**result.headers, "Cache-Control": "private, no-cache", "ETag": etag}
        if result.age_s is not None:
            headers["Age"] = str(int(result.age_s))
        if _matches(if_none_match, etag):
            return Response(status_code=304, headers=headers)
        return Response(body, headers=headers, media_type=self.media_type)


def _matches(if_none_match: str, etag: str) -> bool:
    """Whether the client already has this body; by weak comparison, as RFC 9110 §13.1.2 requires."""
    return if_none_match.strip() == "*" or etag in _etag.findall(if_none_match)
