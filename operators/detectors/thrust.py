"""A bar that goes one way and stays there."""

import numpy as np

from operators.detectors import detector, grade
from operators.view import Floats, View

LEAST, SHARE = 1.5, 0.7


@detector(cooldown=8)
def thrust(view: View) -> Floats:
    """A body of more than 1.5 average true ranges that takes 70 % of its bar's range.

    The average is that of the bar before, so the bar does not measure itself. Strength is 0.5 at three
    ranges.
    """
    body = view["close"] - view["open"]
    full = np.abs(view["candle_body"]) >= SHARE
    return np.sign(body) * full * grade(np.abs(body) / view.before("atr") - LEAST, LEAST)
