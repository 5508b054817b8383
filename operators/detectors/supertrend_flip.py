"""SuperTrend reversal."""

import numpy as np

from operators.detectors import detector, grade
from operators.view import Floats, View


@detector(cooldown=6)
def supertrend_flip(view: View) -> Floats:
    """A close beyond the trailing stop reverses SuperTrend.

    Strength grows with the distance beyond the previous stop: 0.5 at one average true range.
    """
    now, before = view["supertrend_direction"], view.before("supertrend_direction")
    beyond = np.abs(view["close"] - view.before("supertrend")) / view["atr"]
    return np.where(now * before < 0.0, now * grade(beyond, 1.0), 0.0)
