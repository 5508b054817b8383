"""Regime change."""

import numpy as np

from operators.detectors import detector
from operators.view import Floats, View


@detector(cooldown=20, directed=False)
def regime_change(view: View) -> Floats:
    """The volatility state or the trend state differs from that of the previous bar.

    Strength is 0.25 per step; the states low, normal, high and down, flat, up are one step apart.
    """
    steps = np.abs(view["volatility_state"] - view.before("volatility_state"))
    return (steps + np.abs(view["trend_state"] - view.before("trend_state"))) / 4.0
