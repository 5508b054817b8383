import json
from datetime import UTC, datetime
from typing import Any

import pytest

from flows.alerts import letters
from flows.alerts.settings import Hook

AT = datetime(2026, 11, 20, 12, tzinfo=UTC)
ALL = Hook(name="desk", channels=("signals", "composites", "arbitrage", "executions", "performance", "alerts"))


def id_of(channel: str, said: dict[str, Any], *, seq: int = 7, hook: Hook = ALL) -> str:
    message = letters.read(channel, seq, json.dumps(said).encode())
    assert message is not None
    (delivery,) = letters.deliveries([hook], [message], AT)
    return delivery.id


def test_one_message_has_one_id_wherever_it_stands() -> None:
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
def test_change_of_a_thing_is_a_message_of_its_own(channel: str, one: dict[str, Any], other: dict[str, Any]) -> None:
    assert id_of(channel, one) == id_of(channel, one, seq=0)
    assert id_of(channel, one) != id_of(channel, other)


@pytest.mark.parametrize(("channel", "field"), [("signals", "detected_at"), ("composites", "detected_at"),
                                                ("arbitrage", "updated_at"), ("executions", "updated_at"),
                                                ("performance", "last_updated"), ("alerts", "at")])  # fmt: skip
def test_message_says_its_time(channel: str, field: str) -> None:
    for text, at in (("2026-11-20T12:00:00Z", AT), ("2026-11-20T12:00:00", None), ("soon", None), (7, None)):
        message = letters.read(channel, 1, json.dumps({field: text}).encode())
        assert message is not None
        assert message.at == at


def test_nonsense_is_no_message() -> None:
    assert [letters.read("alerts", 1, payload) for payload in (b"", b"{", b"\xff", b"[]", b"null", b"7")] == [None] * 6
