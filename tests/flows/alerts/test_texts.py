"""What people read, letter by letter."""

import json
from typing import Any, get_args

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from flows.alerts.settings import Channel, Hook
from flows.alerts.texts import body_of, text_of, together
from flows.alerts.wanted import is_wanted
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
SAID: dict[str, dict[str, Any]] = {
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
    assert text_of(channel, SAID[channel]) == GOLDEN[channel]


def body(kind: Any, said: dict[str, Any] = ALERT, channel: str = "alerts") -> Any:
    hook = Hook(name="desk", kind=kind, chat_id="@desk")
    return json.loads(body_of(hook, channel, 7, said, json.dumps(said).encode()))


def test_bodies_are_what_each_service_takes() -> None:
    text = GOLDEN["alerts"]
    assert body("webhook") == {"type": "alerts", "seq": 7, "text": text, "data": ALERT}
    assert body("telegram") == {"chat_id": "@desk", "text": text, "link_preview_options": {"is_disabled": True}}
    assert body("discord") == {"content": text, "allowed_mentions": {"parse": []}, "flags": 4}
    assert body("slack") == {"text": text, "mrkdwn": False, "unfurl_links": False, "unfurl_media": False}


def test_what_a_message_holds_can_neither_mention_nor_link() -> None:
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


MOST = {"telegram": ("text", 4096), "discord": ("content", 2000), "slack": ("text", 4000)}
"""What each service takes, by its own documentation."""


def units(text: str) -> int:
    return len(text.encode("utf-16-le")) // 2


@pytest.mark.parametrize("kind", MOST)
@pytest.mark.parametrize("letter", ["a", "😀", "<", "_"])
def test_long_texts_are_cut_to_what_is_taken(kind: str, letter: str) -> None:
    field, most = MOST[kind]
    text = body(kind, {**ALERT, "message": letter * 9000})[field]
    assert most - 6 <= units(text) <= most
    assert text.endswith("…")
    inner = text.removeprefix("WARNING: ").removesuffix("…")
    written = {("slack", "<"): "&lt;", ("discord", "<"): "\\<", ("discord", "_"): "\\_"}.get((kind, letter), letter)
    assert inner == written * (len(inner) // len(written)), "no letter and no escape is cut in two"


@pytest.mark.parametrize("kind", MOST)
@given(st.lists(st.text(max_size=900), min_size=1, max_size=12))
def test_waiting_texts_go_together_as_far_as_they_fit(kind: Any, messages: list[str]) -> None:
    field, most = MOST[kind]
    bodies = [json.dumps(body(kind, {**ALERT, "message": message})) for message in messages]
    whole, count = together(kind, bodies)
    texts = [json.loads(each)[field] for each in bodies]
    assert json.loads(whole) == {**json.loads(bodies[0]), field: "\n\n".join(texts[:count])}
    assert count == 1 or units(json.loads(whole)[field]) <= most
    assert count == len(bodies) or units("\n\n".join(texts[: count + 1])) > most


def test_programs_get_one_message_at_a_time() -> None:
    assert together("webhook", ["{}", "[]"]) == ("{}", 1)


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)
NAMES = sorted({name for said in SAID.values() for name in said})


@given(st.sampled_from(get_args(Channel)), st.dictionaries(st.sampled_from(NAMES), VALUES))
def test_messages_of_another_version_do_no_harm(channel: Channel, said: dict[str, Any]) -> None:
    hook = Hook(name="desk", channels=(channel,), symbols=("BTCUSDT",), min_confidence=0.5)
    assert is_wanted(hook, channel, said) in (True, False)
    assert json.loads(body_of(hook, channel, 1, said, json.dumps(said).encode()))["data"] == said
