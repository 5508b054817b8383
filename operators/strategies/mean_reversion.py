"""Fade a stretched price in a market without a trend."""

import numpy as np

from operators.strategies import confidence, strategy
from operators.view import Floats, View


@strategy(stop_atr=2.0, target_r=0.8, horizon=24, cooldown=6)
def mean_reversion(view: View) -> Floats:
    """Trade back to the mean from a stretched price when the market has no trend.

    Requires ADX below 30. The distance from the volume-weighted average price adds to the confidence.
    """
    back = view.event("stretch")
    distance = np.abs(view["vwap_distance"]) * 100.0 / view["natr"]
    strength = confidence(0.48, np.abs(back), np.minimum(1.0, distance / 4.0))
    return np.where(view["adx"] < 30.0, np.sign(back) * strength, 0.0)
