"""The fast average crosses the slow one."""

import numpy as np

from operators.detectors import detector
from operators.view import Floats, View


@detector(cooldown=6)
def trend_cross(view: View) -> Floats:
    """The 9-bar average crosses the 21-bar average.

    Strength is that of the directional movement: ADX over 50, at most 1.
    """
    gap, before = view["ema_9"] - view["ema_21"], view.before("ema_9") - view.before("ema_21")
    crossed = (np.sign(gap) != np.sign(before)) & (gap != 0.0) & ~np.isnan(before)
    return np.where(crossed, np.sign(gap) * np.minimum(1.0, view["adx"] / 50.0), 0.0)
