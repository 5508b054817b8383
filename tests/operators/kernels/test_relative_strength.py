"""The index of all rows, cut anywhere, against TA-Lib."""

import numpy as np
import talib

from operators.kernels.relative_strength import relative_strengths


def test_equals_talib_wherever_it_is_cut():
    closes = 100.0 + np.cumsum(np.random.default_rng(8).standard_normal(300))
    at, lane, averages = np.arange(300), np.zeros(300, np.int64), np.zeros((1, 2))
    parts = np.split(at, [1, 2, 14, 15, 100])
    told = np.concatenate([relative_strengths(closes, each, each + 1, lane[each], averages, 14) for each in parts])
    np.testing.assert_allclose(told, talib.RSI(closes, 14), rtol=1e-9)
