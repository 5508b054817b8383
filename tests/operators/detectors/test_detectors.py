"""What each detector answers to a bar and the one before it, in its own terms."""

import numpy as np
import pytest

from operators.catalogue import catalogue
from operators.features import Floats
from operators.kernels.lanes import NOTHING
from operators.view import View, column_index

DETECTORS = {detector.name: detector for detector in catalogue().detectors}
COLUMNS = column_index(catalogue().features)


def answer(name: str, **columns: float | tuple[float, float]) -> float:
    """What a detector says of the second of two bars: columns as (before, now), or now alone."""
    table: Floats = np.full((len(COLUMNS), 2), np.nan)
    for column, values in columns.items():
        table[COLUMNS[column]] = values
    view = View(COLUMNS, table, np.zeros((len(COLUMNS), 0)), {"before": np.array([NOTHING, 0])})
    with np.errstate(invalid="ignore", divide="ignore"):
        return float(np.nan_to_num(DETECTORS[name].question(view))[1])


QUIET_BAR = {"open": 100.0, "close": 100.1, "atr": 1.0, "natr": 1.0, "roc": 3.0, "volume_zscore": 3.0}
ABOVE_CLOUD = {"kijun": 100.0, "senkou_a": 99.0, "senkou_b": 98.0, "atr": 1.0}
FULL_UP = {"candle_body": 0.8, "volume_zscore": 2.0}

EXAMPLES = [
    ("absorption", QUIET_BAR, -0.5),
    ("absorption", {**QUIET_BAR, "roc": -3.0}, 0.5),
    ("absorption", {**QUIET_BAR, "roc": 0.5}, 0.0),
    ("absorption", {**QUIET_BAR, "close": 101.0}, 0.0),
    ("absorption", {**QUIET_BAR, "volume_zscore": 1.0}, 0.0),
    ("breakout", {"close": 10.5, "donchian_high": 10.0, "donchian_low": 5.0, "atr": 1.0}, 0.5),
    ("breakout", {"close": 4.5, "donchian_high": 10.0, "donchian_low": 5.0, "atr": 1.0}, -0.5),
    ("breakout", {"close": 7.0, "donchian_high": 10.0, "donchian_low": 5.0, "atr": 1.0}, 0.0),
    ("divergence", {"divergence": 13.0}, 0.5),
    ("divergence", {"divergence": -13.0}, -0.5),
    ("divergence", {"divergence": 5.0}, 0.0),
    ("exhaustion", {"pushes": 2.0}, 2 / 3),
    ("exhaustion", {"pushes": -3.0}, -0.75),
    ("exhaustion", {"pushes": 1.0}, 0.0),
    ("failed_breakout", {"close": (11.0, 9.5), "donchian_high": (10.0, 11.0), "donchian_low": 5.0, "atr": 1.0}, -0.5),
    ("failed_breakout", {"close": (4.0, 5.5), "donchian_high": 10.0, "donchian_low": (5.0, 4.0), "atr": 1.0}, 0.5),
    ("failed_breakout", {"close": (11.0, 10.5), "donchian_high": (10.0, 11.0), "donchian_low": 5.0, "atr": 1.0}, 0.0),
    ("flow_imbalance", {"imbalance": 0.45}, 0.5),
    ("flow_imbalance", {"imbalance": -0.45}, -0.5),
    ("flow_imbalance", {"imbalance": 0.3}, 0.0),
    ("kijun_cross", {**ABOVE_CLOUD, "close": (99.9, 100.5)}, 0.5),
    ("kijun_cross", {**ABOVE_CLOUD, "close": (100.1, 100.5)}, 0.0),
    ("kijun_cross", {**ABOVE_CLOUD, "close": (100.5, 99.5)}, 0.0),
    ("kijun_cross", {**ABOVE_CLOUD, "senkou_a": 101.0, "senkou_b": 102.0, "close": (100.5, 99.5)}, -0.5),
    ("large_print", {"largest_zscore": 4.5}, 0.5),
    ("large_print", {"largest_zscore": 3.0}, 0.0),
    ("momentum_turn", {"macd_histogram": (0.0, 0.1), "rsi": 40.0, "atr": 1.0}, 0.5),
    ("momentum_turn", {"macd_histogram": (0.0, -0.1), "rsi": 60.0, "atr": 1.0}, -0.5),
    ("momentum_turn", {"macd_histogram": (0.0, 0.1), "rsi": 50.0, "atr": 1.0}, 0.0),
    ("regime_change", {"volatility_state": (1.0, 2.0), "trend_state": 0.0}, 0.25),
    ("regime_change", {"volatility_state": (0.0, 2.0), "trend_state": (1.0, -1.0)}, 1.0),
    ("regime_change", {"volatility_state": 2.0, "trend_state": 1.0}, 0.0),
    ("squeeze_release", {"squeeze": (0.9, 1.1), "roc": -2.0, "natr": 2.0}, -0.5),
    ("squeeze_release", {"squeeze": (0.9, 1.0), "roc": 2.0, "natr": 2.0}, 0.5),
    ("squeeze_release", {"squeeze": (1.1, 1.2), "roc": -2.0, "natr": 2.0}, 0.0),
    ("stretch", {"bollinger_position": 1.2, "rsi": 75.0}, -0.5),
    ("stretch", {"bollinger_position": -0.2, "rsi": 25.0}, 0.5),
    ("stretch", {"bollinger_position": 1.2, "rsi": 65.0}, 0.0),
    (
        "supertrend_flip",
        {"supertrend_direction": (-1.0, 1.0), "supertrend": (9.0, 7.0), "close": 10.0, "atr": 1.0},
        0.5,
    ),
    (
        "supertrend_flip",
        {"supertrend_direction": (1.0, -1.0), "supertrend": (9.0, 11.0), "close": 8.0, "atr": 1.0},
        -0.5,
    ),
    ("supertrend_flip", {"supertrend_direction": 1.0, "supertrend": 7.0, "close": 10.0, "atr": 1.0}, 0.0),
    ("thrust", {"open": 100.0, "close": 103.0, "candle_body": 0.9, "atr": (1.0, 2.0)}, 0.5),
    ("thrust", {"open": 103.0, "close": 100.0, "candle_body": -0.9, "atr": (1.0, 2.0)}, -0.5),
    ("thrust", {"open": 100.0, "close": 103.0, "candle_body": 0.5, "atr": 1.0}, 0.0),
    ("trade_burst", {"intensity_ratio": (1.9, 3.0)}, 0.5),
    ("trade_burst", {"intensity_ratio": (2.5, 3.0)}, 0.0),
    ("trend_cross", {"ema_9": (1.0, 3.0), "ema_21": 2.0, "adx": 25.0}, 0.5),
    ("trend_cross", {"ema_9": (3.0, 1.0), "ema_21": 2.0, "adx": 25.0}, -0.5),
    ("trend_cross", {"ema_9": (3.0, 4.0), "ema_21": 2.0, "adx": 25.0}, 0.0),
    ("volatility_expansion", {"volatility_ratio": (1.4, 2.0), "roc": 1.0}, 0.5),
    ("volatility_expansion", {"volatility_ratio": (1.4, 2.0), "roc": -1.0}, -0.5),
    ("volatility_expansion", {"volatility_ratio": (1.6, 2.0), "roc": 1.0}, 0.0),
    ("volume_spike", {"volume_zscore": 4.5}, 0.5),
    ("volume_spike", {"volume_zscore": 3.0}, 0.0),
    ("vwap_reclaim", {"vwap_distance": (-0.1, 0.1), **FULL_UP}, 0.5),
    ("vwap_reclaim", {"vwap_distance": (0.1, -0.1), "candle_body": -0.8, "volume_zscore": 2.0}, -0.5),
    ("vwap_reclaim", {"vwap_distance": (0.1, 0.2), **FULL_UP}, 0.0),
    ("vwap_reclaim", {"vwap_distance": (-0.1, 0.1), **FULL_UP, "volume_zscore": -0.5}, 0.0),
]


@pytest.mark.parametrize(("name", "columns", "strength"), EXAMPLES)
def test_answers(name, columns, strength):
    assert answer(name, **columns) == pytest.approx(strength)


def test_every_detector_has_its_examples():
    shown = {
        name: {strength > 0.0 for other, _, strength in EXAMPLES if other == name and strength} for name in DETECTORS
    }
    for name, detector in DETECTORS.items():
        assert shown[name] == ({True, False} if detector.directed else {True}), name


@pytest.mark.parametrize("name", sorted(DETECTORS))
def test_is_silent_while_its_features_are_cold(name):
    assert answer(name) == 0.0
    assert answer(name, open=1.0, high=2.0, low=1.0, close=2.0, volume=5.0) == 0.0
