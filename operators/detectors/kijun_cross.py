"""Ichimoku base-line cross on the side of the cloud."""

import numpy as np

from operators.detectors import detector, grade
from operators.view import Floats, View


@detector(cooldown=12)
def kijun_cross(view: View) -> Floats:
    """The close crosses the kijun upwards above the cloud, or downwards below it.

    Strength grows with the distance from the kijun: 0.5 at half an average true range.
    """
    now, before = view["close"] - view["kijun"], view.before("close") - view.before("kijun")
    top, bottom = np.maximum(view["senkou_a"], view["senkou_b"]), np.minimum(view["senkou_a"], view["senkou_b"])
    up = (now > 0.0) & (before <= 0.0) & (view["close"] > top)
    down = (now < 0.0) & (before >= 0.0) & (view["close"] < bottom)
    return (up * 1.0 - down * 1.0) * grade(np.abs(now) / view["atr"], 0.5)
