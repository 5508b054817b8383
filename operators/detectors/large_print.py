"""Unusually large trade."""

from operators.detectors import detector, grade
from operators.view import Floats, View

THRESHOLD = 3.0


@detector(cooldown=10, directed=False)
def large_print(view: View) -> Floats:
    """A bar whose largest trade is more than 3 standard deviations above that of the preceding bars.

    On a log scale, over about 50 bars. Strength is 0.5 at 4.5 deviations. Never fires if the input has no single
    trades.
    """
    return grade(view["largest_zscore"] - THRESHOLD, 1.5)
