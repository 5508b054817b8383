from typing import Any

import pytest

from flows.alerts.settings import Hook
from flows.alerts.wanted import is_wanted

SIGNAL: dict[str, Any] = {
    "symbol": "BTCUSDT",
    "signal_type": "breakout",
    "direction": "long",
    "raw_confidence": 0.9,
    "probability": 0.6,
}


@pytest.mark.parametrize(
    ("condition", "channel", "wanted"),
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
def test_all_conditions_hold_together(condition: dict[str, Any], channel: str, wanted: bool) -> None:
    assert is_wanted(Hook(name="desk", **condition), channel, SIGNAL) is wanted


def test_confidence_stands_in_for_a_probability_that_is_not_known() -> None:
    sure = Hook(name="desk", min_confidence=0.8)
    assert is_wanted(sure, "signals", SIGNAL | {"probability": None})
    assert not is_wanted(sure, "signals", SIGNAL | {"probability": None, "raw_confidence": None})


def test_each_channel_calls_its_strategy_otherwise() -> None:
    hook = Hook(name="desk", channels=("composites", "arbitrage"), strategies=("x",))
    assert is_wanted(hook, "composites", {"pattern_type": "x"})
    assert is_wanted(hook, "arbitrage", {"kind": "x"})
    assert not is_wanted(hook, "arbitrage", {"signal_type": "x"})


def test_of_the_life_of_a_thing_only_some_changes_may_matter() -> None:
    hook = Hook(name="desk", channels=("arbitrage", "executions"), changes=("opened", "win", "loss"))
    assert is_wanted(hook, "arbitrage", {"change": "opened", "outcome": "x"})
    assert not is_wanted(hook, "arbitrage", {"change": "updated"})
    assert is_wanted(hook, "executions", {"outcome": "loss"})
    assert not is_wanted(hook, "executions", {"outcome": "planned"})
