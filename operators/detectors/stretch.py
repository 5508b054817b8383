"""Price far from its mean."""

import numpy as np

from operators.detectors import detector, grade
from operators.view import Floats, View

BEYOND = 0.1


@detector(cooldown=10)
def stretch(view: View) -> Floats:
    """A close clearly outside the Bollinger bands with an extreme RSI, in the direction of the mean.

    More than a tenth of the bandwidth beyond the band; RSI above 70 at the upper, below 30 at the lower band. The
    direction is that of the reversion: down after an upward stretch. Strength is 0.5 at 0.2 beyond.
    """
    place = view["bollinger_position"]
    high = np.where(view["rsi"] > 70.0, grade(place - 1.0 - BEYOND, 0.1), 0.0)
    low = np.where(view["rsi"] < 30.0, grade(-place - BEYOND, 0.1), 0.0)
    return low - high
