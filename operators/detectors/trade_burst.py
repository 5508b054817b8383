"""Trades come in a burst."""

from operators.detectors import detector, grade
from operators.view import Floats, View

THRESHOLD = 2.0


@detector(cooldown=15, directed=False)
def trade_burst(view: View) -> Floats:
    """Trades call forth trades: their intensity rises above twice what is usual.

    Strength is 0.5 at three times. Silent where the input does not count trades.
    """
    risen = view.before("intensity_ratio") <= THRESHOLD
    return risen * grade(view["intensity_ratio"] - THRESHOLD, 1.0)
