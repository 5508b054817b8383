"""Divergence between price and momentum."""

import numpy as np

from operators.detectors import detector, grade
from operators.view import Floats, View

LEAST = 5.0


@detector(cooldown=10)
def divergence(view: View) -> Floats:
    """A new swing extreme with an RSI divergence of more than 5 points, in the direction of a reversal.

    Down after a higher swing high with a lower RSI, up after a lower swing low with a higher one. It fires 3 bars
    after the extreme, when the swing is confirmed. Strength is 0.5 at 13 points.
    """
    denied = view["divergence"]
    return np.sign(denied) * grade(np.abs(denied) - LEAST, 8.0)
