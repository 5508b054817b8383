"""Texts: a message of the feed as people read it, and as chat services take it.

No service is asked to format anything, and what Discord and Slack would format all the same is escaped, so nothing
that a message holds can mention, link or hide there. Telegram links what looks like an address or a name in any text.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from flows.alerts.settings import Hook, Kind
from flows.alerts.wanted import confidence_of, is_number

_LONGEST: dict[Kind, int] = {"telegram": 4096, "discord": 2000, "slack": 4000}
"""Of a text, in UTF-16 units, which is how the strictest count. Slack takes more and then cuts where it likes."""
_FIELD: dict[Kind, str] = {"telegram": "text", "discord": "content", "slack": "text"}
_DISCORD = re.compile(r"[\\`*_~|<>\[\]]|:(?=//)|^[#-](?=[# ])", re.MULTILINE)
_DISCORD_PLAIN = 4  # flag SUPPRESS_EMBEDS
_SLACK = {"&": "&amp;", "<": "&lt;", ">": "&gt;"}
_BROKEN = re.compile(r"(\\|&[a-z]{0,3})$")


def body_of(hook: Hook, channel: str, seq: int | None, said: Mapping[str, Any], payload: bytes) -> bytes:
    """The body that a hook is sent.

    Parameters
    ----------
    channel, seq
        Where the message stands in the feed; None if the feed does not have it.
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
            escaped = _DISCORD.sub(r"\\\g<0>", text)
            body = {
                "content": _cut(escaped, hook.kind),
                "allowed_mentions": {"parse": []},
                "flags": _DISCORD_PLAIN,
            }
        case "slack":
            escaped = re.sub("[&<>]", lambda found: _SLACK[found[0]], text)
            body = {"text": _cut(escaped, hook.kind), "mrkdwn": False, "unfurl_links": False, "unfurl_media": False}
        case _:
            body = {"type": channel, "seq": seq, "text": text, "data": msgspec.Raw(payload)}
    return msgspec.json.encode(body)


def together(kind: Kind, bodies: Sequence[str]) -> tuple[str, int]:
    r"""As many of the first `bodies` of a chat as go into one message, and how many those are; at least the first.

    Examples
    --------
    >>> together("slack", ['{"text":"one"}', '{"text":"two"}'])
    ('{"text":"one\\n\\ntwo"}', 2)
    """
    field = _FIELD.get(kind)
    if field is None or len(bodies) < 2:
        return bodies[0], 1
    first, *others = (msgspec.json.decode(body, type=dict[str, Any]) for body in bodies)
    text, count = first[field], 1
    for other in others:
        longer = f"{text}\n\n{other[field]}"
        if _length(longer) > _LONGEST[kind]:
            break
        text, count = longer, count + 1
    return msgspec.json.encode({**first, field: text}).decode(), count


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
    head = f"performance of {_words(said, 'group', 'name', 'account')}"
    trades = f"{_number(said.get('total_trades'))} trades, {_number(said.get('wins'))} won"
    return [head, f"{trades}, profit {_number(said.get('total_pnl'))} ({_number(said.get('total_r'))} R)"]


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


def _number(value: Any) -> str:
    """A number without digits that mean nothing; money comes as text and stays as it is."""
    return f"{value:,.8g}" if is_number(value) else "–" if value is None else str(value)


def _length(text: str) -> int:
    return len(text.encode("utf-16-le")) // 2


def _cut(text: str, kind: Kind) -> str:
    most = _LONGEST[kind]
    if _length(text) <= most:
        return text
    # Half a letter, and half an escape, are left out.
    start = text.encode("utf-16-le")[: 2 * (most - 1)].decode("utf-16-le", "ignore")
    return f"{_BROKEN.sub('', start) if kind != 'telegram' else start}…"
