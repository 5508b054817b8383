"""Templates: a message of the feed as text for people, in the formats of chat services.

No service is asked to format the text, and what Discord and Slack would format nevertheless is escaped, so that the
content of a message can neither mention users nor hide links. Telegram links URLs and user names in any text.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from flows.alerts.filters import confidence_of, is_number
from flows.alerts.settings import Hook, Kind

_LENGTH_MAX: dict[Kind, int] = {"telegram": 4096, "discord": 2000, "slack": 4000}
"""Of a text, in UTF-16 code units, the strictest way to count. Slack accepts more but truncates it at any position."""
_TEXT_FIELD: dict[Kind, str] = {"telegram": "text", "discord": "content", "slack": "text"}
_DISCORD_MARKUP = re.compile(r"[\\`*_~|<>\[\]]|:(?=//)|^[#-](?=[# ])", re.MULTILINE)
_DISCORD_FLAGS = 4  # SUPPRESS_EMBEDS
_SLACK_ENTITIES = {"&": "&amp;", "<": "&lt;", ">": "&gt;"}
_PARTIAL_ESCAPE = re.compile(r"(\\|&[a-z]{0,3})$")


def render_body(hook: Hook, channel: str, seq: int | None, message: Mapping[str, Any], payload: bytes) -> bytes:
    """The request body for a hook.

    Parameters
    ----------
    channel, seq
        Position of the message in the feed; `seq` is None if it was recovered from the database.
    message, payload
        The message, parsed and as it was published.
    """
    text = render_text(channel, message)
    match hook.kind:
        case "telegram":
            body: dict[str, Any] = {
                "chat_id": hook.chat_id,
                "text": _truncated(text, hook.kind),
                "link_preview_options": {"is_disabled": True},
            }
        case "discord":
            escaped = _DISCORD_MARKUP.sub(r"\\\g<0>", text)
            body = {
                "content": _truncated(escaped, hook.kind),
                "allowed_mentions": {"parse": []},
                "flags": _DISCORD_FLAGS,
            }
        case "slack":
            escaped = re.sub("[&<>]", lambda match: _SLACK_ENTITIES[match[0]], text)
            body = {
                "text": _truncated(escaped, hook.kind),
                "mrkdwn": False,
                "unfurl_links": False,
                "unfurl_media": False,
            }
        case _:
            body = {"type": channel, "seq": seq, "text": text, "data": msgspec.Raw(payload)}
    return msgspec.json.encode(body)


def combine(kind: Kind, bodies: Sequence[str]) -> tuple[str, int]:
    r"""Combine the first `bodies` for a chat into one, up to its length limit.

    Returns
    -------
    tuple
        The body, and how many it combines: at least 1, and always 1 for the kind `webhook`.

    Examples
    --------
    >>> combine("slack", ['{"text":"one"}', '{"text":"two"}'])
    ('{"text":"one\\n\\ntwo"}', 2)
    """
    field = _TEXT_FIELD.get(kind)
    if field is None or len(bodies) < 2:
        return bodies[0], 1
    first, *others = (msgspec.json.decode(body, type=dict[str, Any]) for body in bodies)
    text, count = first[field], 1
    for other in others:
        longer = f"{text}\n\n{other[field]}"
        if _length(longer) > _LENGTH_MAX[kind]:
            break
        text, count = longer, count + 1
    return msgspec.json.encode({**first, field: text}).decode(), count


def render_text(channel: str, message: Mapping[str, Any]) -> str:
    """The message in a few lines, the most important one first."""
    lines = _LINES[channel](message)
    if message.get("simulated"):
        lines[0] = f"SIMULATED {lines[0]}"
    return "\n".join(line for line in lines if line)


def _signal(message: Mapping[str, Any]) -> list[str]:
    prices = (
        f"entry {_number(message.get('entry_price'))}, target {_number(message.get('take_profit'))}, "
        f"stop {_number(message.get('stop_loss'))}"
    )
    subject = _joined(message, "venue", "symbol", "timeframe")
    title = f"{subject}: {message.get('direction')}, {message.get('signal_type')}"
    return [title, prices, _confidence(message), _joined(message, "reason")]


def _composite(message: Mapping[str, Any]) -> list[str]:
    title = f"{_joined(message, 'venue', 'symbol')}: {message.get('direction')}, {message.get('pattern_type')}"
    components = message.get("component_signals")
    agreement = f"{len(components)} signals agree" if isinstance(components, list) else ""
    return [title, agreement, _confidence(message), _joined(message, "reason")]


def _arbitrage(message: Mapping[str, Any]) -> list[str]:
    state = "closed" if message.get("closed_at") else "open"
    title = f"{message.get('slug') or message.get('group')}: arbitrage {message.get('kind')}, {state}"
    return [title, f"edge {_number(message.get('edge'))}, capital {_number(message.get('capital'))}"]


def _execution(message: Mapping[str, Any]) -> list[str]:
    subject = _joined(message, "venue", "symbol", "timeframe")
    title = f"{subject}: paper {message.get('direction')} {message.get('outcome')}"
    if message.get("pnl") is None:
        return [title]
    return [title, f"profit {_number(message.get('pnl'))} ({_number(message.get('pnl_r'))} R)"]


def _performance(message: Mapping[str, Any]) -> list[str]:
    title = f"performance of {_joined(message, 'group', 'name', 'account')}"
    trades = f"{_number(message.get('total_trades'))} trades, {_number(message.get('wins'))} won"
    return [title, f"{trades}, profit {_number(message.get('total_pnl'))} ({_number(message.get('total_r'))} R)"]


def _alert(message: Mapping[str, Any]) -> list[str]:
    return [f"{str(message.get('level', '')).upper()}: {message.get('message')}"]


_LINES = {
    "signals": _signal,
    "composites": _composite,
    "arbitrage": _arbitrage,
    "executions": _execution,
    "performance": _performance,
    "alerts": _alert,
}


def _confidence(message: Mapping[str, Any]) -> str:
    confidence = confidence_of(message)
    if confidence is None:
        return ""
    return f"{'probability' if message.get('probability') is not None else 'confidence'} {confidence:.0%}"


def _joined(message: Mapping[str, Any], *names: str) -> str:
    return " ".join(str(message[name]) for name in names if message.get(name))


def _number(value: Any) -> str:
    """A number with 8 significant digits at most; money is a string already and stays as it is."""
    return f"{value:,.8g}" if is_number(value) else "–" if value is None else str(value)


def _length(text: str) -> int:
    return len(text.encode("utf-16-le")) // 2


def _truncated(text: str, kind: Kind) -> str:
    limit = _LENGTH_MAX[kind]
    if _length(text) <= limit:
        return text
    # Half of a surrogate pair, and half of an escape sequence, are dropped.
    start = text.encode("utf-16-le")[: 2 * (limit - 1)].decode("utf-16-le", "ignore")
    return f"{_PARTIAL_ESCAPE.sub('', start) if kind != 'telegram' else start}…"
