"""Price and momentum part ways."""

import numpy as np

from operators.detectors import detector, grade
from operators.view import Floats, View

LEAST = 5.0


@detector(cooldown=10)
def divergence(view: View) -> Floats:
    """A new swing extreme that the RSI denies by more than 5 points, pointing away from it.

    Down after a higher swing high with a lower RSI, up after a lower swing low with a higher one. It
    comes 3 bars after the extreme, when the swing is known. Strength is 0.5 at 13 points.
    """
    denied = view["divergence"]
    return np.sign(denied) * grade(np.abs(denied) - LEAST, 8.0)
