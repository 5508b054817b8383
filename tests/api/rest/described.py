"""What the OpenAPI document says of an address."""

from typing import Any


def operation_at(document: dict[str, Any], path: str) -> Any:
    """The only thing that can be done there."""
    (operation,) = document["paths"][path].values()
    return operation


def schema_at(document: dict[str, Any], path: str, status: str) -> dict[str, Any]:
    """The schema of an answer there."""
    (content,) = operation_at(document, path)["responses"][status]["content"].values()
    return {**content["schema"], "components": document["components"]}
