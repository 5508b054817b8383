"""A trade far larger than the others."""

from operators.detectors import detector, grade
from operators.view import Floats, View

THRESHOLD = 40.0


@detector(cooldown=10, directed=False)
def large_print(view: View) -> Floats:
    """A bar holds a trade of more than 40 times the mean size of the last 20 bars' trades.

    Strength is 0.5 at 80 times. Silent where the input does not tell single trades.
    """
    return grade(view["trade_size_tail"] - THRESHOLD, THRESHOLD)
