"""What each strategy wishes on one bar, in its own terms: long, its mirror image, and what holds it back."""

import numpy as np
import pytest

from operators.catalogue import catalogue
from operators.features import Floats
from operators.view import View, column_index

IDEAS = catalogue()
STRATEGIES = {strategy.name: strategy for strategy in IDEAS.strategies}
COLUMNS = column_index(IDEAS.features)
DETECTORS = {detector.name: at for at, detector in enumerate(IDEAS.detectors)}


def wish(name: str, events: dict[str, float], columns: dict[str, float]) -> float:
    """The signed confidence of a strategy on a bar with these events and columns; what is not given is NaN."""
    table: Floats = np.full((len(COLUMNS), 1), np.nan)
    for column, value in columns.items():
        table[COLUMNS[column]] = value
    fired = np.zeros((len(DETECTORS), 1))
    for event, strength in events.items():
        fired[DETECTORS[event]] = strength
    view = View(COLUMNS, table, np.zeros((len(COLUMNS), 0)), {}, rows=np.array([0]), events=(DETECTORS, fired))
    with np.errstate(invalid="ignore", divide="ignore"):
        return float(np.nan_to_num(STRATEGIES[name].plan(view))[0])


CLOUD = {"senkou_a": 100.0, "senkou_b": 100.0}

EXAMPLES = [
    # strategy, event, what a long needs, what a short needs, what holds the long back
    (
        "absorption_fade", "absorption",
        {"price_zscore": -1.5, "williams_r": -90.0}, {"price_zscore": 1.5, "williams_r": -10.0},
        [{"price_zscore": -0.5}, {"williams_r": -60.0}],
    ),
    (
        "breakout_reversal", "failed_breakout",
        {"price_zscore": -1.5, "adx": 20.0}, {"price_zscore": 1.5, "adx": 20.0},
        [{"price_zscore": -0.5}, {"adx": 30.0}],
    ),
    (
        "divergence_reversal", "divergence",
        {"stochastic_rsi_k": 30.0, "stochastic_rsi_d": 20.0, "adx": 30.0},
        {"stochastic_rsi_k": 70.0, "stochastic_rsi_d": 80.0, "adx": 30.0},
        [{"stochastic_rsi_k": 10.0}, {"adx": 45.0}],
    ),
    (
        "expansion_ride", "volatility_expansion",
        {"volatility_rank": 0.3, "vortex_plus": 1.1, "vortex_minus": 0.9},
        {"volatility_rank": 0.3, "vortex_plus": 0.9, "vortex_minus": 1.1},
        [{"volatility_rank": 0.7}, {"vortex_plus": 0.8}],
    ),
    (
        "expansion_ride", "thrust",
        {"volatility_rank": 0.3, "vortex_plus": 1.1, "vortex_minus": 0.9},
        {"volatility_rank": 0.3, "vortex_plus": 0.9, "vortex_minus": 1.1},
        [],
    ),
    ("mean_reversion", "stretch", {"adx": 20.0}, {"adx": 20.0}, [{"adx": 35.0}]),
    *(
        (
            "momentum_shift", event,
            {"stochastic_k": 30.0, "stochastic_d": 20.0, "regression_t": 2.0},
            {"stochastic_k": 70.0, "stochastic_d": 80.0, "regression_t": -2.0},
            [{"stochastic_k": 10.0}, {"regression_t": -1.0}],
        )
        for event in ("momentum_turn", "trend_cross")
    ),
    (
        "supertrend_follow", "supertrend_flip",
        {"aroon_oscillator": 80.0, "regression_t": 3.0}, {"aroon_oscillator": -80.0, "regression_t": -3.0},
        [{"aroon_oscillator": 20.0}, {"regression_t": 1.0}],
    ),
    *(
        (
            "trend_breakout", event,
            {"close": 101.0, "ema_21": 100.0, "adx": 30.0}, {"close": 99.0, "ema_21": 100.0, "adx": 30.0},
            [{"close": 99.0}, {"adx": 15.0}],
        )
        for event in ("breakout", "squeeze_release")
    ),
    (
        "trend_pullback", "vwap_reclaim",
        {"trend_state": 1.0, "close": 101.0, **CLOUD}, {"trend_state": -1.0, "close": 99.0, **CLOUD},
        [{"trend_state": 0.0}, {"trend_state": -1.0}, {"close": 99.0}],
    ),
    (
        "trend_pullback", "kijun_cross",
        {"trend_state": 1.0, "close": 101.0, **CLOUD}, {"trend_state": -1.0, "close": 99.0, **CLOUD},
        [],
    ),
]  # fmt: skip


@pytest.mark.parametrize(("name", "event", "long", "short", "without"), EXAMPLES)
def test_wishes(name, event, long, short, without):
    assert 0.0 < wish(name, {event: 0.5}, long) < 1.0
    assert wish(name, {event: -0.5}, short) == -wish(name, {event: 0.5}, long)
    assert wish(name, {event: 0.9}, long) > wish(name, {event: 0.5}, long)
    assert wish(name, {}, long) == 0.0
    assert wish(name, {event: 0.5}, short if short != long else {}) == 0.0
    for lacking in without:
        assert wish(name, {event: 0.5}, {**long, **lacking}) == 0.0


def test_every_strategy_has_its_example():
    assert {name for name, *_ in EXAMPLES} == set(STRATEGIES)


@pytest.mark.parametrize("name", sorted(STRATEGIES))
def test_wishes_nothing_without_events(name):
    rng = np.random.default_rng(5)
    for values in rng.normal(0.0, 50.0, (50, len(COLUMNS))):
        assert wish(name, {}, dict(zip(COLUMNS, values.tolist(), strict=True))) == 0.0


@pytest.mark.parametrize("name", sorted(STRATEGIES))
def test_wishes_nothing_while_features_are_cold(name):
    for strength in (-1.0, 1.0):
        assert wish(name, dict.fromkeys(DETECTORS, strength), {}) == 0.0


@pytest.mark.parametrize("name", sorted(STRATEGIES))
def test_is_bounded(name):
    strategy = STRATEGIES[name]
    assert 1.0 <= strategy.stop_atr <= 5.0
    assert 0.5 <= strategy.target_r <= 3.0
    assert 1 <= strategy.cooldown <= strategy.horizon <= 288
