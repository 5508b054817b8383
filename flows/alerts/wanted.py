"""Wanted: whether a hook wants to hear of a message."""

from collections.abc import Mapping
from typing import Any, TypeGuard

from flows.alerts.settings import Hook

_STRATEGY = {"composites": "pattern_type", "arbitrage": "kind"}
"""What the strategy is called on channels that do not call it `signal_type`."""
_CHANGE = {"executions": "outcome"}
"""The same of a change."""


def is_wanted(hook: Hook, channel: str, said: Mapping[str, Any]) -> bool:
    """Whether `said`, a message of `channel`, meets all conditions of `hook`.

    Examples
    --------
    >>> longs = Hook(name="desk", directions=("long",))
    >>> [is_wanted(longs, "signals", {"direction": direction}) for direction in ("long", "short", None)]
    [True, False, False]
    """
    if channel not in hook.channels:
        return False
    conditions = (
        (hook.symbols, said.get("symbol")),
        (hook.changes, said.get(_CHANGE.get(channel, "change"))),
        (hook.strategies, said.get(_STRATEGY.get(channel, "signal_type"))),
        (hook.directions, said.get("direction")),
        (hook.levels, said.get("level")),
    )
    if any(wanted and value not in wanted for wanted, value in conditions):
        return False
    confidence = confidence_of(said)
    return not hook.min_confidence or (confidence is not None and confidence >= hook.min_confidence)


def confidence_of(said: Mapping[str, Any]) -> float | None:
    """How sure a message is of itself; None if it does not say."""
    for name in ("probability", "composite_confidence", "raw_confidence"):
        value = said.get(name)
        if is_number(value):
            return float(value)
    return None


def is_number(value: Any) -> TypeGuard[int | float]:
    """Whether this is a number that a float can hold."""
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < 1e300
