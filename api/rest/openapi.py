"""OpenAPI: the OpenAPI 3.1 document of the REST API, generated from the types of its operations."""

from collections.abc import Sequence
from inspect import cleandoc
from typing import Any

from api import errors
from api.errors import Problem
from api.rest.command import IDEMPOTENCY_KEY, IDEMPOTENCY_KEY_PATTERN, Command
from api.rest.openapi_headers import HEADERS, IF_NONE_MATCH, headers_of
from api.rest.operation import JSON, Operation
from api.rest.pagination import PageParameters
from api.rest.schemas import schemas

COMMON_PROBLEMS = (
    errors.INVALID_PARAMETER,
    errors.TIMED_OUT,
    errors.TOO_LARGE,
    errors.ADDRESS_TOO_LONG,
    errors.MISDIRECTED,
    errors.HEADERS_TOO_LARGE,
    errors.INTERNAL,
)
"""Problems that every operation may respond with."""
_ACCESS_PROBLEMS = (errors.UNAUTHENTICATED, errors.FORBIDDEN, errors.UNAVAILABLE)
_DESCRIPTION = """
Scored trading signals with the evidence behind each and, once it has ended, its outcome; arbitrage opportunities,
whale trades and performance analytics; and the market data that they are computed from.

Timestamps are RFC 3339 in UTC. A value that is not known or not defined is null. Errors are
`application/problem+json` (RFC 9457); programs should match on `code`. Unknown, repeated and malformed parameters
are rejected with 400. New fields may be added to responses at any time.

Lists are paginated: follow the `Link` header, or pass `next_cursor` of a response as `cursor`. Send the `ETag` of a
response as `If-None-Match` to get 304 as long as nothing has changed.

For live data, open a WebSocket at `/ws/feed`, or at `/api/v1/ws/signals` with filters in its query string;
`/api/v1/ws/arbitrage` sends arbitrage opportunities only. Their messages are described in `/asyncapi.json`.
"""


def document(operations: Sequence[Operation], version: str, *, secured: bool = False) -> dict[str, Any]:
    """The OpenAPI 3.1 document of `operations`.

    Parameters
    ----------
    version
        Of signalengine.
    secured
        Callers must authenticate.
    """
    records = [Problem, *(operation.response for operation in operations if operation.media_type == JSON)]
    (problem, *bodies), components = schemas(records)
    remaining_bodies = iter(bodies)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "signalengine",
            "version": version,
            "description": cleandoc(_DESCRIPTION),
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "paths": {
            operation.path.replace(":path}", "}"): {
                operation.method: _operation(
                    operation,
                    next(remaining_bodies) if operation.media_type == JSON else _STRING,
                    problem,
                    secured=secured,
                )
            }
            for operation in operations
        },
        "components": {"schemas": components, "headers": HEADERS} | ({"securitySchemes": _SCHEMES} if secured else {}),
    }


_STRING = {"type": "string"}
_SCHEMES = {
    "bearer": {
        "type": "http",
        "scheme": "bearer",
        "description": "An API key created with `signalengine keys create`, or a JSON Web Token. An API key can be "
        "sent in the `X-API-Key` header instead; a request with both headers is rejected.",
    },
}
_IDEMPOTENCY_KEY = {
    "name": IDEMPOTENCY_KEY,
    "in": "header",
    "required": True,
    "description": "A unique value for each command, such as a UUID. A retry with the same key and body returns the "
    "same result and does not execute the command again.",
    "schema": {"type": "string", "pattern": IDEMPOTENCY_KEY_PATTERN},
}


def _operation(operation: Operation, body: dict[str, Any], problem: dict[str, Any], *, secured: bool) -> dict[str, Any]:
    summary, _, description = operation.description.partition("\n")
    success: dict[str, Any] = {"description": summary, "content": {operation.media_type: {"schema": body}}}
    responses = {str(operation.success): success}
    if not operation.no_store:
        responses["304"] = {"description": "Not modified: the body still has the ETag sent as `If-None-Match`."}
    needs_scope = secured and operation.scope is not None
    problem_types = (
        *COMMON_PROBLEMS,
        *operation.possible_problems,
        *(_ACCESS_PROBLEMS if needs_scope else ()),
        *((errors.RATE_LIMITED,) if secured else ()),
    )
    for status in sorted({each.status for each in problem_types}):
        types = dict.fromkeys(each for each in problem_types if each.status == status)
        responses[str(status)] = {
            "description": f"{', or '.join(f'{each.title} (`{each.code}`)' for each in types)}.",
            "content": {errors.MEDIA_TYPE: {"schema": problem}},
        }
    for code, response in responses.items():
        response["headers"] = headers_of(operation, int(code))
    if operation.links:
        success["links"] = {
            name: {"operationId": name, "parameters": dict(parameters)} for name, parameters in operation.links.items()
        }
    described = {
        "operationId": operation.name,
        "summary": summary,
        "description": description.strip(),
        "parameters": _parameters(operation),
        "responses": responses,
    }
    if needs_scope:
        described["security"] = [{scheme: [operation.scope]} for scheme in _SCHEMES]
    if isinstance(operation, Command):
        described["parameters"] = [*_parameters(operation), _IDEMPOTENCY_KEY]
        described["requestBody"] = {"required": True, "content": {JSON: {"schema": _request_body(operation)}}}
    return described


def _request_body(command: Command) -> dict[str, Any]:
    """The schema of a command's request body, without references."""
    return schemas([command.body])[1][command.body.__name__]


def _parameters(operation: Operation) -> list[dict[str, Any]]:
    """Path parameters first and paging last, as they are read."""
    record = schemas([operation.parameters])[1][operation.parameters.__name__]
    described = [
        _parameter(name, schema, operation, name in record["required"]) for name, schema in record["properties"].items()
    ]
    paging = PageParameters.__struct_fields__ if issubclass(operation.parameters, PageParameters) else ()
    described.sort(key=lambda parameter: (parameter["in"] != "path", parameter["name"] in paging))
    return described if operation.no_store else [*described, IF_NONE_MATCH]


def _parameter(name: str, schema: dict[str, Any], operation: Operation, required: bool) -> dict[str, Any]:
    """One parameter. An optional one is null in the record and left out of the request, so its schema has no null."""
    described: dict[str, Any] = {}
    for alternative in schema.get("anyOf", ()):
        if alternative != {"type": "null"}:
            described |= alternative
    described |= {key: value for key, value in schema.items() if key != "anyOf"}  # the field's own before its type's
    if described.get("default", ...) is None:
        del described["default"]
    parameter = {"name": name, "in": "path" if name in operation.path_names else "query", "required": required}
    if (description := described.pop("description", None)) is not None:
        parameter["description"] = description
    return parameter | {"schema": described}
