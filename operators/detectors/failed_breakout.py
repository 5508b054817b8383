"""Failed breakout."""

import numpy as np

from operators.detectors import detector, grade
from operators.view import Floats, View


@detector(cooldown=10)
def failed_breakout(view: View) -> Floats:
    """The previous bar closed beyond its 20-bar range and this one closes back inside, in the direction of the range.

    Strength grows with the distance back inside: 0.5 at half an average true range.
    """
    top, bottom, was = view.before("donchian_high"), view.before("donchian_low"), view.before("close")
    down = np.where(was > top, grade((top - view["close"]) / view["atr"], 0.5), 0.0)
    up = np.where(was < bottom, grade((view["close"] - bottom) / view["atr"], 0.5), 0.0)
    return up - down
