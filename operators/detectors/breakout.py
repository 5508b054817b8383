"""Breakout from the range of the last 20 bars."""

from operators.detectors import detector, grade
from operators.view import Floats, View


@detector(cooldown=10)
def breakout(view: View) -> Floats:
    """A close beyond every high, or low, of the 20 bars before it.

    Strength grows with the distance beyond the old extreme: 0.5 at half an average true range.
    """
    up = (view["close"] - view["donchian_high"]) / view["atr"]
    down = (view["donchian_low"] - view["close"]) / view["atr"]
    return grade(up, 0.5) - grade(down, 0.5)
