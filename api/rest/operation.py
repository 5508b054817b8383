"""Operation: one GET endpoint, from the request's parameters to the bytes of the response.

Handlers know nothing of HTTP: they take the resources and typed parameters, and return a record. The
route and the OpenAPI document are made from the same declaration, so they cannot differ.
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

from api.errors import ProblemType
from api.resources import Resources
from api.rest import params
from api.rest.result import Result, etag_of
from api.security.authorization import require_scope
from domain.api_keys import Scope

JSON = "application/json"
HTML = "text/html; charset=utf-8"
PROMETHEUS = "text/plain; version=0.0.4; charset=utf-8"

_encoder = msgspec.json.Encoder()
_etag = re.compile(r'"[^"]*"')


class NoParameters(msgspec.Struct, frozen=True):
    """Parameters of an operation that accepts none."""


Handler = Callable[[Resources, Any], Awaitable[Any]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """A GET endpoint.

    Attributes
    ----------
    path
        Path template, with parameters in braces.
    handler
        Its docstring is the OpenAPI description; the first line is the summary.
    parameters
        Record of the parameters; those named in `path` are path parameters, the others query parameters.
    response
        Type of the response body; bytes are sent unchanged.
    media_type
        Of the response body.
    problems
        Problems it may respond with, besides invalid parameters and internal errors.
    scope
        Scope that the caller needs; None for a public endpoint.
    no_store
        Every response is different, so it has no ETag and may not be cached.
    micro_cached
        Slow in Postgres, so concurrent and shortly following requests share one read (`api.memory.micro_cache`).
    links
        Operations that take parameters from this response, and which, by name (OpenAPI links).
    """

    method: ClassVar[str] = "get"
    success: ClassVar[int] = 200
    path: str
    handler: Handler
    parameters: type[msgspec.Struct] = NoParameters
    response: Any
    media_type: str = JSON
    problems: tuple[ProblemType, ...] = ()
    scope: Scope | None = "read"
    no_store: bool = False
    micro_cached: bool = False
    links: Mapping[str, Mapping[str, str]] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """The `operationId`; generated clients name their methods after it."""
        return self.handler.__name__

    @property
    def description(self) -> str:
        """The handler's docstring."""
        return cleandoc(self.handler.__doc__ or "")

    @property
    def path_names(self) -> frozenset[str]:
        """Names of the path parameters."""
        return frozenset(compile_path(self.path)[2])

    @property
    def possible_problems(self) -> tuple[ProblemType, ...]:
        """Problems it may respond with, besides invalid parameters and internal errors."""
        return self.problems

    def route(self) -> Route:
        """The Starlette route of this operation."""

        async def endpoint(request: Request) -> Response:
            if self.scope is not None:
                require_scope(request.state.caller, self.scope, request.app.state.resources.access)
            parameters = params.parse(self.parameters, request.scope["query_string"], request.path_params)
            resources: Resources = request.app.state.resources

            async def read() -> Result:
                returned = await self.handler(resources, parameters)
                return returned if isinstance(returned, Result) else Result(returned)

            async def read_encoded() -> Result:
                result = await read()
                return Result.from_bytes(_encoder.encode(result.body), result.headers)

            if self.micro_cached:
                cached, age_s = await resources.micro_cache.get((self.path, parameters), read_encoded)
                result = replace(cached, age_s=age_s)
            else:
                result = await read()
            return self._response(result, ", ".join(request.headers.getlist("if-none-match")))

        return Route(self.path, endpoint, methods=["GET"], name=self.name)

    def _response(self, result: Result, if_none_match: str) -> Response:
        body = result.body if isinstance(result.body, bytes) else _encoder.encode(result.body)
        if self.no_store:
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
