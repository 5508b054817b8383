"""The regime changes."""

import numpy as np

from operators.detectors import detector
from operators.view import Floats, View


@detector(cooldown=20, directed=False)
def regime_change(view: View) -> Floats:
    """The state of volatility or of the trend differs from that of the bar before.

    Strength is a quarter for each step: low, normal, high and down, flat, up are one step apart each.
    """
    steps = np.abs(view["volatility_state"] - view.before("volatility_state"))
    return (steps + np.abs(view["trend_state"] - view.before("trend_state"))) / 4.0
