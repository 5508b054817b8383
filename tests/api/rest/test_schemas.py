"""Schemas say what goes over the wire."""

from datetime import UTC, datetime
from typing import Any

import jsonschema_rs
import msgspec

from api.rest.schemas import schemas
from tests.api.conftest import Api


class Mark(msgspec.Struct, rename={"at": "t"}):
    at: datetime
    name: str


class Row(msgspec.Struct):
    """Whatever may hold a time."""

    at: datetime | None
    several: list[datetime]
    named: dict[str, datetime]
    mark: Mark | None
    rows: "list[Row]"
    word: str = ""


def test_every_time_is_one_and_no_other_text() -> None:
    (given,), components = schemas([list[Row]])
    texts = {"type": "string"}
    times = {"type": "string", "format": "date-time"}
    assert given == {"type": "array", "items": {"$ref": "#/components/schemas/Row"}}
    told: dict[str, Any] = components["Row"]["properties"]
    assert told["at"] == {"anyOf": [times, {"type": "null"}]}
    assert (told["several"]["items"], told["named"]["additionalProperties"]) == (times, times)
    assert components["Mark"]["properties"] == {"t": times, "name": texts}
    assert told["word"] == {**texts, "default": ""}
    row = Row(datetime(2026, 11, 20, tzinfo=UTC), [], {}, Mark(datetime.now(UTC), "x"), [])
    validator = jsonschema_rs.Draft202012Validator(
        {**given, "components": {"schemas": components}}, validate_formats=True
    )
    validator.validate(msgspec.to_builtins([row]))


def test_the_documents_know_their_times(api: Api) -> None:
    for path in ("/openapi.json", "/asyncapi.json"):
        for name, schema in api.get(path)["components"]["schemas"].items():
            for field, value in schema.get("properties", {}).items():
                kinds = [value, *value.get("anyOf", ())]
                if field.endswith(("_at", "_time")) or field == "ts":
                    assert [kind for kind in kinds if kind.get("format") == "date-time"], f"{name}.{field} of {path}"
