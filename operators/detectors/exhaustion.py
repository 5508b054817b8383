"""Exhaustion: three pushes, each weaker than the one before."""

import numpy as np

from operators.detectors import detector
from operators.view import Floats, View


@detector(cooldown=20)
def exhaustion(view: View) -> Floats:
    """The third of three rising swing highs with falling RSI, or the mirror image, in the direction of a reversal.

    It fires 3 bars after the extreme. Strength is 2/3 for three pushes, and grows with more.
    """
    denied = np.abs(view["pushes"])
    return np.where(denied >= 2.0, np.sign(view["pushes"]) * denied / (denied + 1.0), 0.0)
