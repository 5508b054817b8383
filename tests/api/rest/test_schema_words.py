"""Schemas in words."""

import pytest

from api.rest.schema_words import words


@pytest.mark.parametrize(
    ("schema", "told"),
    [
        ({"anyOf": [{"type": "number"}, {"type": "null"}], "default": None}, "number or null"),
        (
            {"enum": ["all", "open"], "default": "open"},
            "<code>all</code> or <code>open</code>; <code>open</code> unless given",
        ),
        ({"type": "integer", "minimum": 0, "default": 0}, "integer from 0; <code>0</code> unless given"),
        ({"type": "number", "maximum": 1}, "number up to 1"),
        (
            {"type": "boolean", "default": False},
            "<code>true</code> or <code>false</code>; <code>false</code> unless given",
        ),
        ({"type": "string", "format": "date-time"}, "time"),
        ({"type": "string", "pattern": "^<$"}, "text like <code>^&lt;$</code>"),
        ({"type": "object", "additionalProperties": {"type": "number"}}, "number, by name"),
        ({"type": "object"}, "object"),
        (
            {"type": "array", "items": {"$ref": "#/components/schemas/Bar"}},
            'list of <a href="#record-Bar"><code>Bar</code></a>',
        ),
        ({}, "anything"),
    ],
)
def test_schema_in_words(schema: dict[str, object], told: str) -> None:
    assert words(schema) == told
