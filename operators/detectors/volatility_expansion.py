"""Volatility expansion."""

import numpy as np

from operators.detectors import detector, grade
from operators.view import Floats, View

THRESHOLD = 1.5


@detector(cooldown=15)
def volatility_expansion(view: View) -> Floats:
    """Volatility of the last 5 bars or so rises above 1.5 times that of the last 30, in the direction of the move.

    The direction is that of the change over 10 bars. Strength is 0.5 at twice.
    """
    risen = view.before("volatility_ratio") <= THRESHOLD
    return np.sign(view["roc"]) * risen * grade(view["volatility_ratio"] - THRESHOLD, 0.5)
