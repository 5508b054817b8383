import json
from datetime import UTC, datetime
from typing import Any

import pytest

from flows.alerts import messages
from flows.alerts.settings import Hook

AT = datetime(2026, 11, 20, 12, tzinfo=UTC)
ALL = Hook(name="desk", channels=("signals", "composites", "arbitrage", "executions", "performance", "alerts"))


def id_of(channel: str, fields: dict[str, Any], *, seq: int = 7, hook: Hook = ALL) -> str:
    message = messages.parse(channel, seq, json.dumps(fields).encode())
    assert message is not None
    (delivery,) = messages.to_deliveries([hook], [message], AT)
    return delivery.id


def test_id_depends_on_hook_channel_and_content_but_not_on_the_position() -> None:
    assert id_of("signals", {"id": "a", "symbol": "x"}) == id_of("signals", {"id": "a"}, seq=0)
    assert id_of("signals", {"id": "a"}) != id_of("composites", {"id": "a"})
    assert id_of("signals", {"id": "a"}) != id_of("signals", {"id": "b"})
    assert id_of("signals", {"id": "a"}) != id_of("signals", {"id": "a"}, hook=Hook(name="other"))


@pytest.mark.parametrize(
    ("channel", "one", "other"),
    [
        ("arbitrage", {"id": "a", "revision": 1}, {"id": "a", "revision": 2}),
        ("executions", {"id": "a", "outcome": "open"}, {"id": "a", "outcome": "win"}),
        ("performance", {"account": "a", "group": "g", "name": "n", "total_trades": 1},
         {"account": "a", "group": "g", "name": "n", "total_trades": 2}),
        ("signals", {"unknown": 1}, {"unknown": 2}),
    ],
)  # fmt: skip
def test_each_change_has_its_own_id(channel: str, one: dict[str, Any], other: dict[str, Any]) -> None:
    assert id_of(channel, one) == id_of(channel, one, seq=0)
    assert id_of(channel, one) != id_of(channel, other)


@pytest.mark.parametrize(("channel", "field"), [("signals", "detected_at"), ("composites", "detected_at"),
                                                ("arbitrage", "updated_at"), ("executions", "updated_at"),
                                                ("performance", "last_updated"), ("alerts", "at")])  # fmt: skip
def test_event_time_is_read_from_the_field_of_the_channel(channel: str, field: str) -> None:
    for text, at in (("2026-11-20T12:00:00Z", AT), ("2026-11-20T12:00:00", None), ("soon", None), (7, None)):
        message = messages.parse(channel, 1, json.dumps({field: text}).encode())
        assert message is not None
        assert message.at == at


def test_payload_that_is_not_a_json_object_is_rejected() -> None:
    assert [messages.parse("alerts", 1, payload) for payload in (b"", b"{", b"\xff", b"[]", b"null", b"7")] == [
        None
    ] * 6
