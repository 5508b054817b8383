"""Filters: whether a message matches the conditions of a hook."""

from collections.abc import Mapping
from typing import Any, TypeGuard

from flows.alerts.settings import Hook

_STRATEGY_FIELD = {"composites": "pattern_type", "arbitrage": "kind"}
"""The field that holds the strategy, on channels where it is not `signal_type`."""
_CHANGE_FIELD = {"executions": "outcome"}
"""The field that holds the kind of change, on channels where it is not `change`."""


def matches(hook: Hook, channel: str, message: Mapping[str, Any]) -> bool:
    """Whether a message of `channel` meets all conditions of `hook`.

    Examples
    --------
    >>> longs = Hook(name="desk", directions=("long",))
    >>> [matches(longs, "signals", {"direction": direction}) for direction in ("long", "short", None)]
    [True, False, False]
    """
    if channel not in hook.channels:
        return False
    conditions = (
        (hook.symbols, message.get("symbol")),
        (hook.changes, message.get(_CHANGE_FIELD.get(channel, "change"))),
        (hook.strategies, message.get(_STRATEGY_FIELD.get(channel, "signal_type"))),
        (hook.directions, message.get("direction")),
        (hook.levels, message.get("level")),
    )
    if any(allowed and value not in allowed for allowed, value in conditions):
        return False
    confidence = confidence_of(message)
    return not hook.min_confidence or (confidence is not None and confidence >= hook.min_confidence)


def confidence_of(message: Mapping[str, Any]) -> float | None:
    """The probability or else the confidence in a message; None if it has neither."""
    for name in ("probability", "composite_confidence", "raw_confidence"):
        value = message.get(name)
        if is_number(value):
            return float(value)
    return None


def is_number(value: Any) -> TypeGuard[int | float]:
    """Whether `value` is a number that fits into a float."""
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < 1e300
