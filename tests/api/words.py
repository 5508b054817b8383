"""What is heard in the tests, held against /asyncapi.json."""

import json
from collections import Counter
from functools import cache
from typing import Any

import jsonschema  # type: ignore[import-untyped]
import msgspec

from api.announcements import ANNOUNCEMENTS
from api.asyncapi import document
from api.messages import Word

EACH = 30
"""How many of a type are held against the document; the others only against the types that it is made of."""

_RECORDS = {str(record.__struct_config__.tag): record for record in (*ANNOUNCEMENTS.values(), *Word.__args__)}
_seen: Counter[str] = Counter()


@cache
def validator_of(kind: str) -> Any:
    """The document's schema of one type of message."""
    described = document("test")
    payload = described["components"]["messages"][kind]["payload"]
    schema = {**payload, "components": described["components"]}
    return jsonschema.Draft202012Validator(schema, format_checker=jsonschema.FormatChecker())


def checked(text: str | bytes) -> dict[str, Any]:
    """A message, if it is what the document says."""
    message: dict[str, Any] = json.loads(text)
    kind = message["type"]
    msgspec.json.decode(text, type=_RECORDS[kind])
    _seen[kind] += 1
    if _seen[kind] <= EACH:
        validator_of(kind).validate(message)
    return message
