"""The AsyncAPI document. That messages match it is checked wherever a test receives one: see `feed_schema.py`."""

import jsonschema_rs
import pytest

from api.feed.admission import DEFAULT_CHANNELS
from api.feed.asyncapi import document
from store.feed import CHANNELS
from tests.api.conftest import Api
from tests.api.feed_schema import schema_of, validated, validator_of


def test_the_document_is_served(api: Api) -> None:
    served = api.get("/asyncapi.json")
    assert served["asyncapi"] == "3.0.0"
    assert served["channels"] == document("")["channels"]


def test_every_endpoint_is_described() -> None:
    addresses = {channel["address"] for channel in document("")["channels"].values()}
    assert addresses == {*DEFAULT_CHANNELS, *(f"/api/v1/stream/{name}" for name in CHANNELS)}


def test_every_reference_resolves() -> None:
    described = document("")

    def walk(part: object) -> None:
        if isinstance(part, dict):
            if "$ref" in part:
                target = described
                for step in part["$ref"].removeprefix("#/").split("/"):
                    target = target[step]
            for value in part.values():
                walk(value)
        elif isinstance(part, list):
            for value in part:
                walk(value)

    walk(described)


def test_schemas_are_valid_json_schemas() -> None:
    for name in document("")["components"]["messages"]:
        jsonschema_rs.meta.validate(schema_of(name))


def test_undocumented_messages_are_rejected() -> None:
    with pytest.raises(jsonschema_rs.ValidationError):
        validator_of("gap").validate({"type": "gap", "channel": "signals"})
    with pytest.raises(KeyError):
        validated('{"type":"surprise"}')
