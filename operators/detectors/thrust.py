"""Wide-range bar with a full body."""

import numpy as np

from operators.detectors import detector, grade
from operators.view import Floats, View

LEAST, SHARE = 1.5, 0.7


@detector(cooldown=8)
def thrust(view: View) -> Floats:
    """A body of more than 1.5 average true ranges and at least 70 % of the range of its bar.

    The average true range is that of the previous bar, so that the bar is not part of its own reference. Strength is
    0.5 at three average true ranges.
    """
    body = view["close"] - view["open"]
    full = np.abs(view["candle_body"]) >= SHARE
    return np.sign(body) * full * grade(np.abs(body) / view.before("atr") - LEAST, LEAST)
