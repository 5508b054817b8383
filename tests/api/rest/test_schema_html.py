import pytest

from api.rest.schema_html import schema_html


@pytest.mark.parametrize(
    ("schema", "html"),
    [
        ({"anyOf": [{"type": "number"}, {"type": "null"}], "default": None}, "number or null"),
        (
            {"enum": ["all", "open"], "default": "open"},
            "<code>all</code> or <code>open</code>; default <code>open</code>",
        ),
        ({"type": "integer", "minimum": 0, "default": 0}, "integer from 0; default <code>0</code>"),
        ({"type": "number", "maximum": 1}, "number up to 1"),
        ({"type": "boolean", "default": False}, "boolean; default <code>false</code>"),
        ({"type": "string", "format": "date-time"}, "RFC 3339 timestamp"),
        ({"type": "string", "pattern": "^<$"}, "string matching <code>^&lt;$</code>"),
        ({"type": "object", "additionalProperties": {"type": "number"}}, "map from string to number"),
        ({"type": "object"}, "object"),
        (
            {"type": "array", "items": {"$ref": "#/components/schemas/Bar"}},
            'array of <a href="#record-Bar"><code>Bar</code></a>',
        ),
        ({}, "any value"),
    ],
)
def test_schema_as_html(schema: dict[str, object], html: str) -> None:
    assert schema_html(schema) == html
