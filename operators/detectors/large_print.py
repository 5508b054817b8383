"""A trade far larger than is usual."""

from operators.detectors import detector, grade
from operators.view import Floats, View

THRESHOLD = 3.0


@detector(cooldown=10, directed=False)
def large_print(view: View) -> Floats:
    """A bar whose largest trade lies more than 3 deviations above the largest of the bars before it.

    On a log scale, over about 50 bars. Strength is 0.5 at 4.5 deviations. Silent where the input does
    not tell single trades.
    """
    return grade(view["largest_zscore"] - THRESHOLD, 1.5)
