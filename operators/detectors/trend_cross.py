"""Moving-average cross."""

import numpy as np

from operators.detectors import detector
from operators.view import Floats, View


@detector(cooldown=6)
def trend_cross(view: View) -> Floats:
    """The 9-bar exponential average crosses the 21-bar one.

    Strength is ADX / 50, at most 1.
    """
    gap, before = view["ema_9"] - view["ema_21"], view.before("ema_9") - view.before("ema_21")
    crossed = (np.sign(gap) != np.sign(before)) & (gap != 0.0) & ~np.isnan(before)
    return np.where(crossed, np.sign(gap) * np.minimum(1.0, view["adx"] / 50.0), 0.0)
