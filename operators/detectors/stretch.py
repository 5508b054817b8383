"""Price stretched far from its mean."""

import numpy as np

from operators.detectors import detector, grade
from operators.view import Floats, View

BEYOND = 0.1


@detector(cooldown=10)
def stretch(view: View) -> Floats:
    """A close clearly outside the Bollinger bands with an extreme RSI, pointing back to the mean.

    More than a tenth of the bands' width beyond them; RSI over 70 above, under 30 below. The
    direction is that of the return: down after a stretch upwards. Strength is 0.5 at 0.2 beyond.
    """
    place = view["bollinger_position"]
    high = np.where(view["rsi"] > 70.0, grade(place - 1.0 - BEYOND, 0.1), 0.0)
    low = np.where(view["rsi"] < 30.0, grade(-place - BEYOND, 0.1), 0.0)
    return low - high
