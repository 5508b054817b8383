"""Texts and request bodies, character by character."""

import json
from typing import Any, get_args

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from flows.alerts.filters import matches
from flows.alerts.settings import Channel, Hook
from flows.alerts.templates import combine, render_body, render_text
from tests.api.builders import signal

SIGNAL: dict[str, Any] = msgspec.to_builtins(signal(1, probability=0.6149))
COMPOSITE = {
    "venue": "sim",
    "symbol": "BTCUSDT",
    "direction": "short",
    "pattern_type": "volume_spike",
    "component_signals": [{}, {}],
    "composite_confidence": 0.7,
    "reason": "Two agree.",
    "simulated": True,
}
ALERT = {
    "id": "1",
    "kind": "drawdown",
    "level": "warning",
    "message": "The account is 10 % under its top.",
    "value": 0.1,
}

GOLDEN = {
    "signals": "SIMULATED sim ETHUSDT 5m: long, breakout\nentry 100.5, target 102, stop 99\nprobability 61%\n"
    "The close broke the range.",
    "composites": "SIMULATED sim BTCUSDT: short, volume_spike\n2 signals agree\nconfidence 70%\nTwo agree.",
    "alerts": "WARNING: The account is 10 % under its top.",
    "arbitrage": "cut-in-march: arbitrage binary_buy, open\nedge 0.02, capital 98.00",
    "executions": "binance BTCUSDT 5m: paper long win\nprofit 12.5 (1.25 R)",
    "performance": "performance of signal_type breakout instruments\n31 trades, 17 won, profit 12.5 (1.25 R)",
}
MESSAGES: dict[str, dict[str, Any]] = {
    "signals": SIGNAL,
    "composites": COMPOSITE,
    "alerts": ALERT,
    "arbitrage": {"slug": "cut-in-march", "kind": "binary_buy", "closed_at": None, "edge": 0.02, "capital": "98.00"},
    "executions": {"venue": "binance", "symbol": "BTCUSDT", "timeframe": "5m", "direction": "long",
                   "outcome": "win", "pnl": 12.5, "pnl_r": 1.25, "simulated": False},
    "performance": {"group": "signal_type", "name": "breakout", "account": "instruments", "total_trades": 31,
                    "wins": 17, "total_pnl": 12.5, "total_r": 1.25},
}  # fmt: skip


@pytest.mark.parametrize("channel", get_args(Channel))
def test_texts(channel: str) -> None:
    assert render_text(channel, MESSAGES[channel]) == GOLDEN[channel]


def body(kind: Any, message: dict[str, Any] = ALERT, channel: str = "alerts") -> Any:
    hook = Hook(name="desk", kind=kind, chat_id="@desk")
    return json.loads(render_body(hook, channel, 7, message, json.dumps(message).encode()))


def test_bodies_have_the_format_of_each_service() -> None:
    text = GOLDEN["alerts"]
    assert body("webhook") == {"type": "alerts", "seq": 7, "text": text, "data": ALERT}
    assert body("telegram") == {"chat_id": "@desk", "text": text, "link_preview_options": {"is_disabled": True}}
    assert body("discord") == {"content": text, "allowed_mentions": {"parse": []}, "flags": 4}
    assert body("slack") == {"text": text, "mrkdwn": False, "unfurl_links": False, "unfurl_media": False}


def test_content_can_neither_mention_users_nor_hide_links() -> None:
    evil = {**ALERT, "message": "<!channel> <https://evil.example|click> @everyone &amp;"}
    assert body("slack", evil)["text"] == (
        "WARNING: &lt;!channel&gt; &lt;https://evil.example|click&gt; @everyone &amp;amp;"
    )
    assert body("discord", evil)["allowed_mentions"] == {"parse": []}
    evil["message"] = "[click](https://evil.example) **bold** _slanted_ ||hidden||\n# large\n- a -1 #2 <@7> a\\b"
    assert body("discord", evil)["content"] == (
        r"WARNING: \[click\](https\://evil.example) \*\*bold\*\* \_slanted\_ \|\|hidden\|\|"
        "\n\\# large\n\\- a -1 #2 \\<@7\\> a\\\\b"
    )
    assert "parse_mode" not in body("telegram", evil)


LENGTH_MAX = {"telegram": ("text", 4096), "discord": ("content", 2000), "slack": ("text", 4000)}
"""Text field and length limit of each service, by its own documentation."""


def units(text: str) -> int:
    return len(text.encode("utf-16-le")) // 2


@pytest.mark.parametrize("kind", LENGTH_MAX)
@pytest.mark.parametrize("character", ["a", "😀", "<", "_"])
def test_long_texts_are_truncated_to_the_limit(kind: str, character: str) -> None:
    field, limit = LENGTH_MAX[kind]
    text = body(kind, {**ALERT, "message": character * 9000})[field]
    assert limit - 6 <= units(text) <= limit
    assert text.endswith("…")
    inner = text.removeprefix("WARNING: ").removesuffix("…")
    escaped = {("slack", "<"): "&lt;", ("discord", "<"): "\\<", ("discord", "_"): "\\_"}.get(
        (kind, character), character
    )
    assert inner == escaped * (len(inner) // len(escaped)), "no character and no escape is split"


@pytest.mark.parametrize("kind", LENGTH_MAX)
@given(st.lists(st.text(max_size=900), min_size=1, max_size=12))
def test_texts_are_combined_up_to_the_limit(kind: Any, messages: list[str]) -> None:
    field, limit = LENGTH_MAX[kind]
    bodies = [json.dumps(body(kind, {**ALERT, "message": message})) for message in messages]
    combined, count = combine(kind, bodies)
    texts = [json.loads(each)[field] for each in bodies]
    assert json.loads(combined) == {**json.loads(bodies[0]), field: "\n\n".join(texts[:count])}
    assert count == 1 or units(json.loads(combined)[field]) <= limit
    assert count == len(bodies) or units("\n\n".join(texts[: count + 1])) > limit


def test_webhook_bodies_are_not_combined() -> None:
    assert combine("webhook", ["{}", "[]"]) == ("{}", 1)


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)
NAMES = sorted({name for message in MESSAGES.values() for name in message})


@given(st.sampled_from(get_args(Channel)), st.dictionaries(st.sampled_from(NAMES), VALUES))
def test_messages_of_another_version_are_accepted(channel: Channel, message: dict[str, Any]) -> None:
    hook = Hook(name="desk", channels=(channel,), symbols=("BTCUSDT",), min_confidence=0.5)
    assert matches(hook, channel, message) in (True, False)
    assert json.loads(render_body(hook, channel, 1, message, json.dumps(message).encode()))["data"] == message
