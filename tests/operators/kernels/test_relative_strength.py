"""The index of all rows, in any batches, against TA-Lib."""

import numpy as np
import talib

from operators.kernels.relative_strength import relative_strength


def test_equals_talib_wherever_it_is_cut():
    closes = 100.0 + np.cumsum(np.random.default_rng(8).standard_normal(300))
    at, lane, averages, told = np.arange(300), np.zeros(300, np.int64), np.zeros((1, 2)), np.empty(300)
    for part in np.split(at, [1, 2, 14, 15, 100]):
        relative_strength(closes, part, part + 1, lane[part], averages, 14, told[part[0] : part[-1] + 1])
    np.testing.assert_allclose(told[14:], talib.RSI(closes, 14)[14:], rtol=1e-9)
