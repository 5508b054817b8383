"""Texts: a message of the feed as people read it, and as chat services take it.

No service is asked to format anything, so nothing that a message holds can mention, link or hide.
"""

from collections.abc import Mapping
from typing import Any

import msgspec

from flows.alerts.settings import Hook
from flows.alerts.wanted import confidence_of

_LONGEST = {"telegram": 4096, "discord": 2000, "slack": 4000}


def body_of(hook: Hook, channel: str, seq: int, said: Mapping[str, Any], payload: bytes) -> bytes:
    """The body that a hook is sent.

    Parameters
    ----------
    channel, seq
        Where the message stands in the feed.
    said, payload
        The message, read and as it came.
    """
    text = text_of(channel, said)
    match hook.kind:
        case "telegram":
            body: dict[str, Any] = {
                "chat_id": hook.chat_id,
                "text": _cut(text, hook.kind),
                "link_preview_options": {"is_disabled": True},
            }
        case "discord":
            body = {"content": _cut(text, hook.kind), "allowed_mentions": {"parse": []}}
        case "slack":
            escaped = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
            body = {"text": _cut(escaped, hook.kind), "mrkdwn": False, "unfurl_links": False}
        case _:
            body = {"type": channel, "seq": seq, "text": text, "data": msgspec.Raw(payload)}
    return msgspec.json.encode(body)


def text_of(channel: str, said: Mapping[str, Any]) -> str:
    """The message in a few lines; what a person has to know first stands first."""
    lines = _LINES[channel](said)
    if said.get("simulated"):
        lines[0] = f"SIMULATED {lines[0]}"
    return "\n".join(line for line in lines if line)


def _signal(said: Mapping[str, Any]) -> list[str]:
    prices = (
        f"entry {_number(said.get('entry_price'))}, target {_number(said.get('take_profit'))}, "
        f"stop {_number(said.get('stop_loss'))}"
    )
    head = f"{_words(said, 'venue', 'symbol', 'timeframe')}: {said.get('direction')}, {said.get('signal_type')}"
    return [head, prices, _sureness(said), _words(said, "reason")]


def _composite(said: Mapping[str, Any]) -> list[str]:
    head = f"{_words(said, 'venue', 'symbol')}: {said.get('direction')}, {said.get('pattern_type')}"
    parts = said.get("component_signals")
    agree = f"{len(parts)} signals agree" if isinstance(parts, list) else ""
    return [head, agree, _sureness(said), _words(said, "reason")]


def _arbitrage(said: Mapping[str, Any]) -> list[str]:
    state = "closed" if said.get("closed_at") else "open"
    head = f"{said.get('slug') or said.get('group')}: arbitrage {said.get('kind')}, {state}"
    return [head, f"edge {_number(said.get('edge'))}, capital {_number(said.get('capital'))}"]


def _execution(said: Mapping[str, Any]) -> list[str]:
    head = f"{_words(said, 'venue', 'symbol', 'timeframe')}: paper {said.get('direction')} {said.get('outcome')}"
    result = (
        f"profit {_number(said.get('pnl'))} ({_number(said.get('pnl_r'))} R)" if said.get("pnl") is not None else ""
    )
    return [head, result]


def _performance(said: Mapping[str, Any]) -> list[str]:
    return ["performance", ", ".join(f"{name} {_number(value)}" for name, value in said.items() if _is_number(value))]


def _alert(said: Mapping[str, Any]) -> list[str]:
    return [f"{str(said.get('level', '')).upper()}: {said.get('message')}"]


_LINES = {
    "signals": _signal,
    "composites": _composite,
    "arbitrage": _arbitrage,
    "executions": _execution,
    "performance": _performance,
    "alerts": _alert,
}


def _sureness(said: Mapping[str, Any]) -> str:
    confidence = confidence_of(said)
    if confidence is None:
        return ""
    return f"{'probability' if said.get('probability') is not None else 'confidence'} {confidence:.0%}"


def _words(said: Mapping[str, Any], *names: str) -> str:
    return " ".join(str(said[name]) for name in names if said.get(name))


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _number(value: Any) -> str:
    """A number without digits that mean nothing; money comes as text and stays as it is."""
    return f"{value:,.8g}" if _is_number(value) else "–" if value is None else str(value)


def _cut(text: str, kind: str) -> str:
    most = _LONGEST[kind]
    return text if len(text) <= most else text[: most - 1] + "…"
