"""Schema HTML: JSON schemas as short descriptions of their type, for the API reference page."""

from collections.abc import Mapping
from html import escape
from typing import Any, Final

import msgspec

_FORMATS: Final = {"date-time": "RFC 3339 timestamp", "date": "date", "decimal": "decimal string"}


def schema_html(schema: Mapping[str, Any]) -> str:
    """A JSON schema as HTML; records are linked and not described again.

    Examples
    --------
    >>> schema_html({"type": "array", "items": {"type": "integer", "minimum": 1, "maximum": 9}})
    'array of integer from 1 to 9'
    >>> schema_html({"type": "string", "pattern": "^[1-9]m$", "examples": ["5m"]})
    'string such as <code>5m</code>'
    """
    default = schema.get("default")
    has_default = default not in (None, "", []) and "$ref" not in schema
    return _type(schema) + (f"; default {_code(default)}" if has_default else "")


def _type(schema: Mapping[str, Any]) -> str:
    if "$ref" in schema:
        return record_link(schema)
    if "anyOf" in schema:
        return " or ".join(schema_html(option) for option in schema["anyOf"])
    if "enum" in schema:
        return " or ".join(map(_code, schema["enum"]))
    match schema.get("type"):
        case "array":
            return f"array of {schema_html(schema['items'])}" if "items" in schema else "array"
        case "object":
            values = schema.get("additionalProperties")
            return f"map from string to {schema_html(values)}" if isinstance(values, Mapping) and values else "object"
        case "integer" | "number" as name:
            return f"{name}{_range(schema)}"
        case "string":
            return _string(schema)
        case "boolean" | "null" as name:
            return str(name)
        case _:
            return "any value"


def _range(schema: Mapping[str, Any]) -> str:
    minimum, maximum = schema.get("minimum"), schema.get("maximum")
    if minimum is None:
        return "" if maximum is None else f" up to {maximum}"
    return f" from {minimum}" + ("" if maximum is None else f" to {maximum}")


def _string(schema: Mapping[str, Any]) -> str:
    if "format" in schema:
        return _FORMATS.get(schema["format"], escape(schema["format"]))
    if "examples" in schema:
        return f"string such as {' or '.join(map(_code, schema['examples']))}"
    return f"string matching {_code(schema['pattern'])}" if "pattern" in schema else "string"


def record_link(schema: Mapping[str, Any]) -> str:
    """A link to the record that a schema refers to; empty if it refers to none."""
    name = escape(schema.get("$ref", "").rpartition("/")[2])
    return f'<a href="#record-{name}"><code>{name}</code></a>' if name else ""


def _code(value: Any) -> str:
    text = value if isinstance(value, str) else msgspec.json.encode(value).decode()
    return f"<code>{escape(text)}</code>"
