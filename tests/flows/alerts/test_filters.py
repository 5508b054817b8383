from typing import Any

import pytest

from flows.alerts.filters import matches
from flows.alerts.settings import Hook

SIGNAL: dict[str, Any] = {
    "symbol": "BTCUSDT",
    "signal_type": "breakout",
    "direction": "long",
    "raw_confidence": 0.9,
    "probability": 0.6,
}


@pytest.mark.parametrize(
    ("condition", "channel", "expected"),
    [
        ({}, "signals", True),
        ({}, "alerts", True),
        ({}, "arbitrage", False),
        ({"symbols": ("BTCUSDT", "ETHUSDT")}, "signals", True),
        ({"symbols": ("ETHUSDT",)}, "signals", False),
        ({"strategies": ("breakout",)}, "signals", True),
        ({"strategies": ("reversal",)}, "signals", False),
        ({"directions": ("short",)}, "signals", False),
        ({"min_confidence": 0.6}, "signals", True),
        ({"min_confidence": 0.61}, "signals", False),
        ({"levels": ("warning",)}, "signals", False),
        ({"symbols": ("BTCUSDT",), "directions": ("short",)}, "signals", False),
    ],
)
def test_all_conditions_must_hold(condition: dict[str, Any], channel: str, expected: bool) -> None:
    assert matches(Hook(name="desk", **condition), channel, SIGNAL) is expected


def test_confidence_is_used_if_there_is_no_probability() -> None:
    sure = Hook(name="desk", min_confidence=0.8)
    assert matches(sure, "signals", SIGNAL | {"probability": None})
    assert not matches(sure, "signals", SIGNAL | {"probability": None, "raw_confidence": None})


def test_field_of_the_strategy_depends_on_the_channel() -> None:
    hook = Hook(name="desk", channels=("composites", "arbitrage"), strategies=("x",))
    assert matches(hook, "composites", {"pattern_type": "x"})
    assert matches(hook, "arbitrage", {"kind": "x"})
    assert not matches(hook, "arbitrage", {"signal_type": "x"})


def test_changes_are_filtered() -> None:
    hook = Hook(name="desk", channels=("arbitrage", "executions"), changes=("opened", "win", "loss"))
    assert matches(hook, "arbitrage", {"change": "opened", "outcome": "x"})
    assert not matches(hook, "arbitrage", {"change": "updated"})
    assert matches(hook, "executions", {"outcome": "loss"})
    assert not matches(hook, "executions", {"outcome": "planned"})
