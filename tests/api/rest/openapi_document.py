"""Access to parts of an OpenAPI document by path."""

from typing import Any


def operation_at(document: dict[str, Any], path: str) -> Any:
    """The only operation of a path."""
    (operation,) = document["paths"][path].values()
    return operation


def schema_at(document: dict[str, Any], path: str, status: str) -> dict[str, Any]:
    """The schema of a response, with the components that it refers to."""
    (content,) = operation_at(document, path)["responses"][status]["content"].values()
    return {**content["schema"], "components": document["components"]}
