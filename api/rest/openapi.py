"""OpenAPI: the document that says what REST takes and gives, made from the types that do it."""

from collections.abc import Sequence
from inspect import cleandoc
from typing import Any

from api import errors
from api.errors import Kind, Problem
from api.rest.command import KEY, KEY_PATTERN, Command
from api.rest.openapi_headers import HEADERS, IF_NONE_MATCH, headers_of
from api.rest.operation import JSON, Operation
from api.rest.schemas import schemas

ALWAYS = (
    errors.INVALID_PARAMETER,
    errors.TIMED_OUT,
    errors.TOO_LARGE,
    errors.ADDRESS_TOO_LONG,
    errors.MISDIRECTED,
    errors.HEADERS_TOO_LARGE,
    errors.INTERNAL,
)
"""What may go wrong with every operation."""
_REFUSALS = (errors.UNAUTHENTICATED, errors.FORBIDDEN, errors.UNAVAILABLE)
_DESCRIPTION = """
Trading signals, each with its reasons and, once it has ended, its outcome.

Times are RFC 3339 in UTC; what is not known is null. Errors are `application/problem+json` (RFC 9457)
with a `code` for programs. Parameters that are unknown, repeated or malformed are refused. New fields
may be added to answers at any time.

Live: a WebSocket at `/ws/feed`, or at `/api/v1/ws/signals` with a filter in its query; opportunities of
arbitrage alone at `/api/v1/ws/arbitrage`.
"""


def document(operations: Sequence[Operation], version: str, *, secured: bool = False) -> dict[str, Any]:
    """The OpenAPI 3.1 document of `operations`.

    Parameters
    ----------
    operations
        What there is.
    version
        Of the program.
    secured
        Callers have to prove who they are.
    """
    records = [Problem, *(operation.gives for operation in operations if operation.media_type == JSON)]
    (problem, *bodies), components = schemas(records)
    waiting = iter(bodies)
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
                    operation, next(waiting) if operation.media_type == JSON else _TEXT, problem, secured=secured
                )
            }
            for operation in operations
        },
        "components": {"schemas": components, "headers": HEADERS} | ({"securitySchemes": _SCHEMES} if secured else {}),
    }


_TEXT = {"type": "string"}
_SCHEMES = {
    "bearer": {
        "type": "http",
        "scheme": "bearer",
        "description": "A key made by `signalengine keys create`, or a JSON Web Token. The header `X-API-Key` takes a "
        "key too; who gives both is refused.",
    },
}
_KEY = {
    "name": KEY,
    "in": "header",
    "required": True,
    "description": "New for each wish; the same again gets the same answer and changes nothing.",
    "schema": {"type": "string", "pattern": KEY_PATTERN},
}


def _operation(operation: Operation, body: dict[str, Any], problem: dict[str, Any], *, secured: bool) -> dict[str, Any]:
    summary, _, rest = operation.description.partition("\n")
    success: dict[str, Any] = {"description": summary, "content": {operation.media_type: {"schema": body}}}
    responses = {str(operation.success): success}
    if not operation.live:
        responses["304"] = {"description": "The body is the one whose ETag was given."}
    asks = secured and operation.scope is not None
    for kind in (*ALWAYS, *operation.kinds, *(_REFUSALS if asks else ()), *((errors.RATE_LIMITED,) if secured else ())):
        responses[str(kind.status)] = _problem(kind, problem)
    for status, told in responses.items():
        told["headers"] = headers_of(operation, int(status))
    if operation.leads:
        success["links"] = {
            name: {"operationId": name, "parameters": dict(parameters)} for name, parameters in operation.leads.items()
        }
    described = {
        "operationId": operation.name,
        "summary": summary,
        "description": rest.strip(),
        "parameters": _parameters(operation),
        "responses": responses,
    }
    if asks:
        described["security"] = [{scheme: [operation.scope]} for scheme in _SCHEMES]
    if isinstance(operation, Command):
        described["parameters"] = [*_parameters(operation), _KEY]
        described["requestBody"] = {"required": True, "content": {JSON: {"schema": _body(operation)}}}
    return described


def _body(command: Command) -> dict[str, Any]:
    """What is sent, in one piece."""
    return schemas([command.body])[1][command.body.__name__]


def _problem(kind: Kind, schema: dict[str, Any]) -> dict[str, Any]:
    return {
        "description": f"{kind.title}: `{kind.code}`.",
        "content": {errors.MEDIA_TYPE: {"schema": schema}},
    }


def _parameters(operation: Operation) -> list[dict[str, Any]]:
    record = schemas([operation.takes])[1][operation.takes.__name__]
    described = [
        _parameter(name, schema, operation, name in record["required"]) for name, schema in record["properties"].items()
    ]
    return described if operation.live else [*described, IF_NONE_MATCH]


def _parameter(name: str, schema: dict[str, Any], operation: Operation, required: bool) -> dict[str, Any]:
    """One parameter. To leave it out is what null is in the record, so null is not one of its values."""
    described = {key: value for key, value in schema.items() if key not in ("anyOf", "description")}
    for alternative in schema.get("anyOf", ()):
        if alternative != {"type": "null"}:
            described |= alternative
    if described.get("default", ...) is None:
        del described["default"]
    parameter = {"name": name, "in": "path" if name in operation.path_names else "query", "required": required}
    if "description" in schema:
        parameter["description"] = schema["description"]
    return parameter | {"schema": described}
