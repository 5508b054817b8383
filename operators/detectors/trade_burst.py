"""Burst of trades."""

from operators.detectors import detector, grade
from operators.view import Floats, View

THRESHOLD = 2.0


@detector(cooldown=15, directed=False)
def trade_burst(view: View) -> Floats:
    """The Hawkes intensity of trades rises above twice its baseline.

    Strength is 0.5 at three times the baseline. Never fires if the input has no trade counts.
    """
    risen = view.before("intensity_ratio") <= THRESHOLD
    return risen * grade(view["intensity_ratio"] - THRESHOLD, 1.0)
