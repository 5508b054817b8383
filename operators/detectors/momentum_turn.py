"""Momentum turn."""

import numpy as np

from operators.detectors import detector, grade
from operators.view import Floats, View


@detector(cooldown=8)
def momentum_turn(view: View) -> Floats:
    """The MACD histogram changes sign while the RSI is on the opposite side of 50.

    Upwards only with an RSI below 45, downwards only above 55: a turn against the prevailing move.
    Strength grows with the step of the histogram: 0.5 at a tenth of the average true range.
    """
    now, before = view["macd_histogram"], view.before("macd_histogram")
    up = (before <= 0.0) & (now > 0.0) & (view["rsi"] < 45.0)
    down = (before >= 0.0) & (now < 0.0) & (view["rsi"] > 55.0)
    return (up * 1.0 - down * 1.0) * grade(np.abs(now - before) / view["atr"], 0.1)
